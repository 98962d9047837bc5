"""Attacks on the wire: answers that a learner's code writes itself, straight to the socket."""

from hostile import SOON, Attack

# Finds the socket, and the question that is being answered.
WIRE = """
import json, socket, struct, time
def channel():
    for number in range(3, 64):
        try:
            return socket.socket(fileno=os.dup(number))
        except OSError: pass
def asked():
    frame = sys._getframe()
    while frame:
        if 'number' in frame.f_locals and 'question' in frame.f_locals:
            return frame.f_locals['number']
        frame = frame.f_back
def frame(head, data=b''):
    head = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack('!II', 4 + len(head) + len(data), len(head)) + head + data
def answer(**more):
    said = {'id': asked(), 'value': None, 'failure': None, 'mutated': {'tuple': []}, 'printed': ''}
    return {'dict': [x for pair in {**said, **more}.items() for x in pair]}
def write(*frames):
    to = channel()
    for one in frames: to.sendall(one)
"""
LEAVE = "\nos._exit(0)"


def forged(name: str, body: str, status: str = "crashed", **more: object) -> Attack:
    """An attack that writes to the socket in the exercise's place, and leaves."""
    return Attack(name, cell=WIRE, function=body + LEAVE, status=status, **more)  # type: ignore[arg-type]


def replies(name: str, reply: str, status: str = "crashed") -> Attack:
    return forged(name, f"write({reply})", status)


FRAMES = (
    replies("id that was not asked", "frame(answer(id=1))"),
    replies("id nan", "frame(answer(id=float('nan')))"),
    replies("id an array", "frame(answer(id={'array': ['<f8', [2]]}), bytes(16))"),
    replies("no id", "frame({'dict': ['value', 1.0]})"),
    replies("4 GB announced", "struct.pack('!I', 2**32 - 1) + bytes(1000)"),
    replies("garbage", "bytes(range(256)) * 100"),
    replies("half a frame", "frame(answer())[:20]"),
    replies("bad UTF-8", "frame(b'\"\\xff\\xfe\\x80\"')"),
    replies("JSON 100 000 deep", "frame(b'[' * 100000)"),
    replies(
        "keys that collide",
        "frame(answer(value={'dict': [k * (2**61 - 1) // (1 + k % 2) for k in range(40000)]}))",
    ),
    replies("5000 masks of a million", "frame(answer(value=[{'masked': [10**6]}] * 5000))"),
    replies("30 000 stand-ins", "frame(answer(value=[{'other': ['a', 'b']}] * 30000))"),
    replies(
        "odd array of 2 ** 60",
        "frame(answer(value={'odd': ['<f8', [2**30, 2**30], 'array']}))",
    ),
    replies(
        "odd array of the right shape",
        "frame(answer(value={'odd': ['<f8', list(weights.shape[:-1]), 'array']}))",
    ),
    replies("failure that is a list", "frame(answer(failure=[1]))"),
    replies(
        "failure of wrong kinds",
        "frame(answer(failure={'dict': ['kind', 1, 'message', [], 'line_number', 1e300]}))",
    ),
    replies(
        "mutated that no argument has",
        "frame(answer(mutated={'tuple': [-1, 99, True, None, {'int': 'f' * 4000}]}))",
    ),
    replies(
        "bools that are neither",
        "frame(answer(value={'array': ['|b1', [4]]}), bytes([0, 1, 2, 255]))",
    ),
    replies("other values with the right id", "frame(answer(value=1.0))"),
    replies("many answers in advance", "*[frame(answer(id=i, value=1.0)) for i in range(1000)]"),
    replies(
        "16 MB of zeros, as a wrong shape",
        "frame(answer(value={'array': ['<f8', [1 << 20]]}), bytes(8 << 20))",
    ),
    forged(
        "descriptors sent along",
        "to = channel()\nfor _ in range(20):\n"
        "    socket.send_fds(to, [frame(answer(value=1.0))], [0, 1, 2, to.fileno()])",
    ),
    Attack(
        "half a frame, and silence",
        cell=WIRE,
        function="write(frame(answer())[:20])\ntime.sleep(10**6)",
        status="crashed",
        limits=SOON,
    ),
    Attack(
        "a frame byte by byte, without end",
        cell=WIRE,
        function="to = channel()\nto.sendall(struct.pack('!I', 1 << 20))\n"
        "while True:\n    try:\n        while True: to.sendall(b' ')\n    except: pass",
        status="timed out or crashed",
        limits=SOON,
    ),
    Attack(
        "questions that are not read",
        cell=WIRE + "from inside import wire\ndef receive(*a): time.sleep(10**6)\n",
        function="wire.receive = receive\nreturn 0.0",
        status="wrong",
        limits=SOON,
    ),
)
LOOKED_FOR = (
    Attack(
        "what was found is a number of 4000 digits",
        cell=WIRE
        + """
from inside import wire
real = wire.send
def send(channel, value, *a):
    if 'kind' not in value: return real(channel, value, *a)
    channel.sendall(frame({'dict': ['id', value['id'], 'kind', {'int': 'f' * 4000}]}))
wire.send = send
""",
        tampers=True,
    ),
    Attack(
        "what was found uses all there is",
        cell=WIRE
        + """
from inside import wire
real = wire.send
def send(channel, value, *a):
    used = [[], 1, None, 'softmax'] * 9
    real(channel, {**value, 'kind': 'function', 'used': used} if 'kind' in value else value, *a)
wire.send = send
""",
        wrong=True,
        tampers=True,
    ),
    Attack(
        "a process that ends when the next exercise is looked for",
        cell=WIRE
        + """
from inside import wire
real = wire.receive
def receive(*a):
    question = real(*a)
    if question['do'] == 'find': os._exit(0)
    return question
""",
        function="wire.receive = receive\nreturn 0.0",
        status="wrong",
    ),
    Attack(
        "a cell that answers for the next one",
        cell=WIRE + "write(frame(answer()), frame(answer(id=5)))",
        tampers=True,
    ),
)
