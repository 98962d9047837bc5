"""Attacks on whoever comes next: all that one notebook could leave behind."""

from hostile import TOOLS, Attack

POISONS = (
    Attack(
        "modules and builtins",
        cell="""
import builtins, json, types, linecache
sys.modules['math'] = types.ModuleType('math')
np.exp = np.log = np.sum = lambda *a, **k: 0.0
builtins.len = builtins.isinstance = lambda *a: 0
json.dumps = linecache.getline = None
""",
        wrong=True,
        tampers=True,
    ),
    Attack(
        "imports",
        cell="""
class Finder:
    def find_spec(self, *a): raise SystemExit
sys.meta_path.insert(0, Finder())
sys.path.insert(0, os.getcwd())
try:
    for name in ('numpy.py', 'sitecustomize.py', 'left.pth', 'matplotlibrc'):
        with open(name, 'w') as file: file.write('raise SystemExit')
except OSError: pass
""",
    ),
    Attack(
        "settings",
        cell="""
import gc, locale, random, resource, signal, threading, torch, warnings
os.environ.clear()
os.umask(0o777)
os.chdir('/')
random.seed(0); np.random.seed(0); torch.manual_seed(7)
torch.set_num_threads(8); torch.set_default_dtype(torch.float16); torch.set_grad_enabled(False)
np.seterr(all='raise'); np.set_printoptions(precision=0)
gc.disable(); sys.setswitchinterval(100.0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
warnings.simplefilter('error')
resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
""",
    ),
    Attack(
        "tracing",
        cell="import threading\ntrace = lambda *a: trace\n"
        "sys.settrace(trace); threading.settrace(trace)\n"
        "sys.setprofile(lambda *a: None); sys.excepthook = None; sys.stdout = sys.stderr = None",
    ),
    Attack(
        "the course's stand-ins",
        cell="""
import inside.inert, inside.course, inside.notebook, inside.wire
inside.course.COURSE.sources.clear()
inside.inert.Phase.judging = None
inside.wire.FRAME = 0
inside.notebook.Notebook.call = lambda *a: 1.0
""",
        tampers=True,
    ),
    Attack(
        "files left behind",
        cell="""
try:
    for name in ('a', '.hidden', 'matplotlib'):
        os.makedirs(name); open(name + '/left', 'w').write('REACHED')
except OSError: pass
""",
    ),
)

# Says, by the error that it ends with, in what state a new notebook finds the process.
STATE = (
    TOOLS
    + """
import builtins, gc, json, math, random, resource, signal, torch, threading, warnings
import inside.course, inside.inert, inside.wire
files = sorted(os.path.join(p, f) for p, d, fs in os.walk('.') for f in (*d, *fs))
state = [
    files, os.getcwd(), sorted(os.environ.items()), os.umask(0o22), sys.path, len(sys.meta_path),
    type(np.exp).__name__, type(len).__name__, math.pi, np.geterr(), sorted(np.get_printoptions()),
    torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled(),
    torch.rand(1).item(),
    gc.isenabled(), sys.getswitchinterval(), sys.gettrace(), threading.active_count(),
    str(signal.getsignal(signal.SIGTERM)), resource.getrlimit(resource.RLIMIT_NOFILE),
    sorted(inside.course.COURSE.sources), inside.inert.Phase.judging, inside.wire.FRAME,
    sorted(set(sys.modules) & {'left', 'sitecustomize'}), random.random() != random.random(),
]
import hashlib
raise Exception("STATE " + hashlib.sha256(repr(state).encode()).hexdigest() + repr(files))
"""
)
