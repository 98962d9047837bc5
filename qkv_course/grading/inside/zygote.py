"""Import once what learners use, then fork a process for each notebook. Holds no answers."""

import gc
import json
import linecache  # noqa: F401  (children read their own lines from it)
import os
import socket
import sys
import time
from contextlib import suppress
from importlib import import_module

from . import child, confine, course, kept, wire

BEFOREHAND = (
    "numpy",
    "matplotlib.pyplot",
    "torch",
    "torch._dynamo",  # which every optimizer imports, in 3 seconds
    "IPython.display",
    "safetensors.torch",
    "tokenizers",
)


def main(descriptor: str) -> None:
    """Get ready, say so, and make a process for every socket that the judge sends.

    descriptor: the number of the socket that leads to the judge.
    """
    control = socket.socket(fileno=int(descriptor))
    settings = wire.receive(control)
    course.install()
    course.COURSE.give(settings["sources"])
    get_ready()
    if settings["rung"] == "landlock":
        confine.only_read(*settings["paths"])
    confine.undumpable()
    own = os.pidfd_open(os.getpid())
    gc.collect()
    gc.freeze()  # so that no collection in a child copies the pages of all these objects
    wire.send(control, "ready")
    while _make_one(control, own, settings["rung"]):
        pass


def get_ready() -> None:
    """Import, and touch what is set up at its first use."""
    import_module("qkv_course.checks.calls")
    kept.keep_few_modules()  # before there are many
    for name in BEFOREHAND:
        with suppress(ImportError):  # a learner who uses it will be told
            import_module(name)
    if "torch" in sys.modules:
        _warm_torch()


def _warm_torch() -> None:
    import torch

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    x = torch.randn(2, 3, 4, requires_grad=True)
    layer = torch.nn.MultiheadAttention(4, 2)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(x, x, x)[0].softmax(-1).sum().backward()
    optimizer.step()
    torch.nn.functional.scaled_dot_product_attention(x, x, x)
    # With more threads than one, a forked process would wait forever for those left behind.
    vars(torch).update(set_num_threads=lambda n: None, set_num_interop_threads=lambda n: None)
    torch.manual_seed(0)


def _make_one(control: socket.socket, own: int, rung: str) -> bool:
    """Fork for the next notebook, and wait until it is done with."""
    message, descriptors, _, _ = socket.recv_fds(control, 4096, 1)
    if not message:
        return False
    started = time.process_time()
    if rung == "jail":
        confine.new_pid_namespace(own)
    pid = os.fork()
    if pid == 0:
        control.close()
        os.close(own)
        _be_child(descriptors[0], rung, json.loads(message))
    os.close(descriptors[0])
    handle = os.pidfd_open(pid)
    socket.send_fds(control, [b"."], [handle])
    os.close(handle)
    _, status, used = os.wait4(pid, 0)
    cpu = used.ru_utime + used.ru_stime + time.process_time() - started
    wire.send(control, {"status": status, "cpu": cpu, "memory": used.ru_maxrss * 1024})
    return True


def _be_child(channel: int, rung: str, limits: dict[str, int]) -> None:
    try:
        confine_as(rung, limits)
        child.serve(socket.socket(fileno=channel))
    except BaseException as error:
        os.write(2, f"{error!r}\n".encode())
    finally:
        os._exit(0)


def confine_as(rung: str, limits: dict[str, int]) -> None:
    """Give up all that this rung of the ladder takes away."""
    if rung == "jail":
        confine.own_temporary_folder(os.environ["TMPDIR"], limits["temporary"])
    else:
        os.setsid()
    confine.drop_capabilities()
    writable = limits["file_size"] if rung == "jail" else 0
    confine.limit(limits["cpu"], limits["address_space"], writable)
    if rung in ("jail-lite", "landlock"):
        confine.only_read(["/"])  # a domain of its own: no signals to the zygote
    if rung != "process":
        confine.filter_calls()
