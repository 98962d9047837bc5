"""Messages between the judge and a learner's process: JSON and the raw bytes of arrays.

A frame is its length, the length of its head, the head, and the bytes of its arrays one after
another. The head is JSON. What JSON does not have is an object with one key, its tag: a tuple, a
dict, an array, which takes the next bytes. Nothing is ever unpickled, and all that is received is
bounded before it is believed.
"""

import json
import math
import re
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np

FRAME, HEAD, ARRAY = 16 << 20, 1 << 20, 8 << 20  # bytes, at most
OBJECTS, AXES, DEPTH, DIGITS = 16384, 32, 32, 4000
KEYS = 1024  # of a dict, at most: they may be made so that each collides with all others
COSTLY = 16  # objects that one counts for that is made here, and not read
MASKED = 10_000  # entries, at most: their mask is made here
SIZES = struct.Struct("!II")  # of all that follows, and of the head
SHOWN = re.compile(r"[|<][a-zA-Z]\d{0,4}(\[\w{1,5}\])?")  # never a large one: it is allocated
DTYPES = frozenset(
    [
        "<f2",
        "<f4",
        "<f8",
        "|b1",
        "|i1",
        "|u1",
        "<i2",
        "<u2",
        "<i4",
        "<u4",
        "<i8",
        "<u8",
        "<c8",
        "<c16",
    ]
)

Make = Callable[[str, str], Any]  # stands in for an object that cannot be sent


class WireError(Exception):
    """What was received is no message."""


class Closed(Exception):
    """The other side is gone."""


def packed(value: Any) -> bytes:
    """Write a value as one frame. What cannot be sent is named by its type."""
    arrays: list[bytes] = []
    head = json.dumps(_encode(value, arrays)).encode()
    return b"".join([SIZES.pack(4 + len(head) + sum(map(len, arrays)), len(head)), head, *arrays])


def unpacked(body: bytes, make: Make | None = None) -> Any:
    """Read what follows a frame's first length. Raises WireError.

    make: gives what stands for an object that was not sent, from its type's name and module.
    """
    try:
        (size,) = struct.unpack_from("!I", body)
        if size > HEAD or 4 + size > len(body):
            raise WireError("the head is longer than it may be")
        reader = _Reader(memoryview(body)[4 + size :], make or _nameless)
        value = reader.decode(json.loads(body[4 : 4 + size]))
    except (ValueError, TypeError, RecursionError, struct.error) as error:
        raise WireError(f"it cannot be read: {type(error).__name__}") from None
    if reader.rest:
        raise WireError("there are bytes left over")
    return value


def send(channel: socket.socket, value: Any, deadline: float | None = None) -> None:
    """Send a value. Raises TimeoutError after `deadline` (time.monotonic), Closed, WireError."""
    frame = packed(value)
    if len(frame) > FRAME:
        raise WireError("it is too large to be sent")
    channel.settimeout(_left(deadline))
    try:
        channel.sendall(frame)
    except TimeoutError:
        raise
    except OSError:
        raise Closed from None


def receive(channel: socket.socket, deadline: float | None = None, make: Make | None = None) -> Any:
    """Receive a value. Raises TimeoutError after `deadline` (time.monotonic), Closed, WireError."""
    (size,) = struct.unpack("!I", _read(channel, 4, deadline))
    if size > FRAME:
        raise WireError("it is larger than it may be")
    return unpacked(_read(channel, size, deadline), make)


def _read(channel: socket.socket, size: int, deadline: float | None) -> bytes:
    parts, missing = [], size
    while missing:
        channel.settimeout(_left(deadline))
        try:
            part = channel.recv(min(missing, 1 << 20))
        except TimeoutError:
            raise
        except OSError:
            raise Closed from None
        if not part:
            raise Closed
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _encode(value: Any, arrays: list[bytes], depth: int = 0) -> Any:
    kind = type(value)
    if value is None or kind in (bool, float, str):
        return value
    if depth > DEPTH:
        return _other(value)
    if kind is int:
        return value if abs(value) < 2**63 else {"int": f"{value:x}"[:DIGITS]}
    if kind is list:
        return [_encode(v, arrays, depth + 1) for v in value]
    if kind is tuple:
        return {"tuple": [_encode(v, arrays, depth + 1) for v in value]}
    if kind is dict and len(value) <= KEYS:
        pairs = [item for pair in value.items() for item in pair]
        return {"dict": [_encode(item, arrays, depth + 1) for item in pairs]}
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        return {"masked": list(value.shape)} if value.size <= MASKED else _other(value)
    if isinstance(value, np.ndarray | np.generic):
        return _encode_array(value, arrays)
    return _other(value)


def _encode_array(value: Any, arrays: list[bytes]) -> dict[str, Any]:
    tag = "array" if isinstance(value, np.ndarray) else "scalar"
    shape, dtype = list(value.shape), value.dtype
    if dtype in (np.longdouble, np.clongdouble) and value.nbytes <= ARRAY:
        value = value.astype(np.complex128 if dtype.kind == "c" else np.float64)
        dtype = value.dtype
    little = dtype.newbyteorder("<")
    if little.str not in DTYPES or value.nbytes > ARRAY:
        return {"odd": [little.str if SHOWN.fullmatch(little.str) else "|V1", shape, tag]}
    arrays.append(np.asarray(value).astype(little, copy=False).tobytes())
    return {tag: [little.str, shape]}


def _other(value: Any) -> dict[str, list[str]]:
    kind = type(value)
    return {"other": [str(kind.__name__)[:80], str(kind.__module__)[:80]]}


def _nameless(name: str, module: str) -> Any:
    return object()


class _Reader:
    """Reads values that refer to bytes, one array after another."""

    def __init__(self, rest: memoryview, make: Make) -> None:
        self.rest = rest
        self._make = make
        self._seen = 0

    def decode(self, value: Any, depth: int = 0) -> Any:
        if depth > DEPTH:
            raise WireError("it is too deep")
        if isinstance(value, list):
            return [self.decode(v, depth + 1) for v in value]
        if not isinstance(value, dict):
            return value
        if len(value) != 1:
            raise WireError("an object has one key, its tag")
        ((tag, what),) = value.items()
        if tag == "tuple":
            return tuple(self.decode(v, depth + 1) for v in _list(what))
        if tag == "dict":
            items = [self.decode(v, depth + 1) for v in _list(what, 2 * KEYS)]
            return dict(zip(items[::2], items[1::2], strict=True))
        return self._special(tag, what)

    def _special(self, tag: str, what: Any) -> Any:
        self._seen += 1 if tag in ("array", "scalar") else COSTLY
        if self._seen > OBJECTS:
            raise WireError("there are too many objects")
        if tag in ("array", "scalar"):
            array = self._array(*what)
            return array if tag == "array" else array[()]
        if tag == "odd":
            dtype, shape, kind = what
            odd = np.broadcast_to(np.zeros((), _dtype(dtype)), _shape(shape))
            return odd if kind == "array" else odd[()]
        if tag == "masked":
            return np.ma.array(np.zeros(_small(_shape(what))), mask=True)
        if tag == "int":
            return int(_text(what), 16)
        if tag == "other":
            name, module = map(_text, what)
            return self._make(name, module)
        raise WireError("there is no such tag")

    def _array(self, dtype: str, shape: list[int]) -> np.ndarray:
        if dtype not in DTYPES:
            raise WireError("there are no such arrays")
        size = math.prod(_shape(shape)) * np.dtype(dtype).itemsize
        if size > len(self.rest):
            raise WireError("an array is larger than its frame")
        data, self.rest = self.rest[:size], self.rest[size:]
        if dtype == "|b1" and size:  # a byte other than 0 and 1 would be a bool that is neither
            return np.asarray(np.frombuffer(data, np.uint8).reshape(shape) != 0)
        return np.frombuffer(data, dtype).reshape(shape) if size else np.empty(shape, dtype)


def _list(value: Any, longest: int = HEAD) -> list[Any]:
    if not isinstance(value, list) or len(value) > longest:
        raise WireError("a list was expected")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > DIGITS:
        raise WireError("a short text was expected")
    return value


def _shape(value: Any) -> tuple[int, ...]:
    sizes = _list(value)
    if len(sizes) > AXES or not all(type(n) is int and 0 <= n <= 2**60 for n in sizes):
        raise WireError("there is no such shape")
    return tuple(sizes)


def _small(shape: tuple[int, ...]) -> tuple[int, ...]:
    if math.prod(shape) > MASKED:
        raise WireError("an array is too large")
    return shape


def _dtype(value: Any) -> np.dtype[Any]:
    """Read the dtype of an array whose entries are not sent: only its name will be shown."""
    if not SHOWN.fullmatch(_text(value)):
        raise WireError("there is no such dtype")
    return np.dtype(value)
