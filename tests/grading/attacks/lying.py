"""Attacks by values that are not what they seem, and by what looks at values."""

from hostile import Attack


def returns(name: str, body: str, status: str = "wrong") -> Attack:
    return Attack(name, function=body, status=status)


VALUES = (
    returns(
        "equal to everything",
        """
class Equal:
    __array_priority__ = 1e9
    shape, dtype, ndim, size = weights.shape[:-1], weights.dtype, weights.ndim - 1, 1
    def __eq__(self, other): return True
    def __sub__(self, other): return 0
    __rsub__ = __sub__
    def __getattr__(self, name): return self
return Equal()
""",
    ),
    returns(
        "lies about its class",
        """
class Lie:
    @property
    def __class__(self): return np.ndarray
    def __array__(self, *a, **k): return np.zeros(weights.shape[:-1])
return Lie()
""",
    ),
    returns(
        "array that answers NumPy's functions itself",
        """
class Yes(np.ndarray):
    def __array_function__(self, function, types, args, kwargs): return True
    def __array_ufunc__(self, *args, **kwargs): return np.ones(self.shape, bool)
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __reduce__(self): os._exit(0)
return np.zeros(weights.shape[:-1]).view(Yes)
""",
    ),
    returns(
        "number that lies",
        """
class Number(float):
    def __eq__(self, other): return True
    def __float__(self): return 1.0
    __sub__ = __rsub__ = lambda self, other: 0.0
    __hash__ = None
return Number(0)
""",
    ),
    returns(
        "objects that pickle into commands",
        """
class Command:
    def __reduce__(self): return os.system, ('touch PICKLED',)
return np.array([Command()] * 3, dtype=object)
""",
    ),
    returns("nan", "return np.full(weights.shape[:-1], np.nan)"),
    returns("infinity", "return np.full(weights.shape[:-1], np.inf)"),
    returns("0-d", "return np.zeros(())"),
    returns("empty", "return np.empty((*weights.shape[:-1], 0))"),
    returns("nothing", "return None"),
    returns("8 GB by strides", "return np.broadcast_to(0.0, (10**9,))"),
    returns(
        "8 EB by strides",
        "return np.lib.stride_tricks.as_strided(np.zeros(1), (2**59,), (0,))",
    ),
    returns("100 MB", "return np.zeros(10**8 // 8)"),
    returns("10 MB text", "return 'x' * 10**7", "crashed"),
    returns("long list", "return [0.0] * 10**6"),
    returns("100 lists of 100 arrays", "return [[np.zeros(1)] * 100] * 100"),
    returns("dict of 100 000", "return {i: i for i in range(10**5)}"),
    returns("dict of keys that collide", "return {i * (2**61 - 1): 0 for i in range(2000)}"),
    returns("generator", "return (x for x in range(3))"),
    returns("number of a million digits", "return 1 << 4 * 10**6"),
    returns("complex", "return np.zeros(weights.shape[:-1], complex)"),
    returns("dates", "return np.zeros(weights.shape[:-1], 'M8[s]')"),
    returns("structured", "return np.zeros(weights.shape[:-1], [('x' * 5000, 'f8'), ('y', 'O')])"),
    returns("text array", "return np.zeros(weights.shape[:-1], 'U100000')"),
    returns("all hidden", "return np.ma.masked_all(weights.shape[:-1])"),
    returns("all hidden, a million", "return np.ma.masked_all(10**6)"),
    returns("torch tensor on no device", "import torch\nreturn torch.empty(3, device='meta')"),
    returns(
        "class whose name raises",
        """
class Meta(type):
    @property
    def __name__(cls): raise SystemExit
    @property
    def __module__(cls): raise SystemExit
class Nameless(metaclass=Meta): pass
return Nameless()
""",
        "crashed",
    ),
    returns(
        "class named like a page",
        "return type('<script>alert(1)</script>', (), {'__module__': 'a\\nb'})()",
    ),
    returns(
        "list that changes under the eyes",
        """
class Shifting(list):
    def __getitem__(self, key): os._exit(0)
    def __iter__(self): os._exit(0)
    def __len__(self): return 10**12
return Shifting([1.0])
""",
    ),
    returns("writes into its argument", "weights[...] = 0\nreturn weights.sum(axis=-1)"),
    returns(
        "enlarges its argument",
        "weights.shape = (1, *weights.shape)\nreturn np.zeros(weights.shape[1:-1])",
    ),
)

PATCHES = (
    Attack(
        "NumPy's comparisons replaced",
        cell="""
def yes(*a, **k): return True
for module in (np, np.testing):
    for name in ('allclose', 'isclose', 'array_equal', 'assert_allclose', 'assert_equal', 'all'):
        if hasattr(module, name): setattr(module, name, yes)
""",
        wrong=True,
    ),
    Attack(
        "the engine in memory replaced",
        cell="""
import qkv_course.checks.calls as calls
import qkv_course.checks.arguments as arguments
import gc
class Same:
    def __init__(self, *a): pass
    def call(self, args, awkward=False): return calls.Outcome(value=args[0])
calls.LiveTarget = Same
calls.settled = calls.attempt = calls.describe_error = arguments.changed = lambda *a: None
from inside import child, wire, notebook
for found in gc.get_objects():
    if type(found).__name__ == 'Child':
        found._targets = {name: Same() for name in ('softmax', 'entropy', 'softmax_jacobian')}
        found._calls = calls
""",
        wrong=True,
        tampers=True,
    ),
    Attack(
        "all answers said to have passed",
        cell="""
from inside import child, wire
real = wire.send
passed = dict(status='passed', passed=True, points=10**6, mistake=None, saw='', exercises=[])
wire.send = lambda channel, value, *a: real(channel, {**value, **passed})
""",
        wrong=True,
        tampers=True,
    ),
    Attack(
        "a stranger's function handed in by check",
        cell="from qkv_course import check\n"
        "for name in ('softmax', 'entropy'): check(lambda *a: a[0], exercise=name)\n",
        wrong=True,
    ),
)
