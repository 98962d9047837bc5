"""Messages arrive as they were sent, and nothing else that arrives is believed or does harm."""

import contextlib
import json
import math
import socket
import struct
import threading
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from qkv_course.checks.settle import Unreadable
from qkv_course.grading.inside import wire
from qkv_course.grading.session import stand_in


def there_and_back(value: Any) -> Any:
    return wire.unpacked(wire.packed(value)[4:], stand_in)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray | np.generic):
        equal = np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
        return isinstance(b, type(a)) and a.dtype == b.dtype and a.shape == b.shape and equal
    if isinstance(a, float) and math.isnan(a):
        return isinstance(b, float) and math.isnan(b)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


numbers = st.one_of(st.booleans(), st.integers(), st.floats())
arrays = st.sampled_from(sorted(wire.DTYPES)).flatmap(
    lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=0, max_dims=4, min_side=0))
)
values = st.recursive(
    st.one_of(st.none(), numbers, st.text(), arrays),
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.text() | st.integers(), inner),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(values)
def test_what_is_sent_arrives(value: Any) -> None:
    try:
        arrived = there_and_back(value)
    except wire.WireError:
        raise AssertionError(f"{value!r} was not read") from None
    assert same(value, arrived)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12.0)[::-3],
        np.arange(3, dtype=">f8"),
        np.broadcast_to(np.float32(3), (4, 5)),
        np.arange(4.0).view(np.matrix),
        np.zeros((0, 3)),
        np.array(1.5),
        np.array([True, False]),
        np.longdouble(1.5),
    ],
)
def test_arrays_of_every_layout_arrive_with_their_values(array: Any) -> None:
    arrived = there_and_back(array)
    assert np.array_equal(arrived, array)
    assert arrived.shape == array.shape
    assert arrived.dtype.kind == array.dtype.kind


class Evil:
    def __reduce__(self) -> Any:
        raise AssertionError("it was pickled")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("it was asked for its numbers")


@pytest.mark.parametrize("value", [Evil(), [Evil()], (x for x in ""), len, {1: {2}}, 1j, b"x"])
def test_of_other_objects_only_the_names_of_their_types_arrive(value: Any) -> None:
    def types_in(value: Any) -> Iterator[str]:
        if isinstance(value, list | dict):
            for part in value.values() if isinstance(value, dict) else value:
                yield from types_in(part)
        else:
            yield type(value).__name__

    arrived = there_and_back(value)
    assert list(types_in(arrived)) == list(types_in(value))
    assert not isinstance(arrived, Evil | complex | bytes)


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (np.array([len], dtype=object), "O"),
        (np.zeros(3, "U99999"), "V"),
        (np.zeros(3, "M8[ns]"), "M"),
        (np.zeros(3, [("a", "f8"), ("b", object)]), "V"),
        (np.broadcast_to(0.0, (10**5, 10**5)), "f"),
        (np.zeros(2 * wire.ARRAY, "i1"), "i"),
    ],
)
def test_of_arrays_that_cannot_be_sent_shape_and_kind_arrive(array: np.ndarray, kind: str) -> None:
    assert len(wire.packed(array)) < 1000
    arrived = there_and_back(array)
    assert arrived.shape == array.shape
    assert arrived.dtype.kind == kind


def test_a_masked_array_is_still_one() -> None:
    assert np.ma.is_masked(there_and_back(np.ma.array([1.0, 2.0], mask=[True, False])))
    assert type(there_and_back(np.ma.masked_all(10**7))).__name__ == "MaskedArray"


def test_what_could_not_be_read_stays_so() -> None:
    assert isinstance(there_and_back(Unreadable()), Unreadable)


# Forgeries


def body(head: Any, data: bytes = b"") -> bytes:
    head = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("!I", len(head)) + head + data


def array(shape: Any, dtype: Any = "<f8") -> dict[str, Any]:
    return {"array": [dtype, shape]}


COLLIDING = [x for k in range(30_000) for x in (k * (2**61 - 1), 0)]
FORGERIES = {
    "nothing": b"",
    "three bytes": b"abc",
    "head longer than the rest": struct.pack("!I", 9) + b"{}",
    "head longer than it may be": body(b" " * (wire.HEAD + 1)),
    "no JSON": body(b"passed"),
    "bad UTF-8": body(b'"\xff\xfe\x80"'),
    "half a pair of brackets": body(b'{"tuple": ['),
    "100 000 deep": body(b"[" * 100_000 + b"]" * 100_000),
    "100 000 tuples deep": body(b'{"tuple":[' * 80_000),
    "33 deep": body(b"[" * 40 + b"]" * 40),
    "a million digits": body(b"1" * (wire.HEAD - 1)),
    "an int of too many digits": body({"int": "f" * 4001}),
    "an int that is none": body({"int": "xyz"}),
    "an int that is a list": body({"int": [1]}),
    "no tag": body({}),
    "two tags": body({"int": "1", "tuple": []}),
    "unknown tag": body({"pickle": "cos\nsystem"}),
    "tuple of no list": body({"tuple": "abc"}),
    "dict of an odd number": body({"dict": [1]}),
    "dict with a list for a key": body({"dict": [[], 1]}),
    "dict with an array for a key": body({"dict": [array([0]), 1]}),
    "dict with too many keys": body({"dict": list(range(5000))}),
    "dict whose keys collide": body({"dict": COLLIDING}),
    "objects by dtype": body(array([1], "|O"), bytes(8)),
    "large ends first": body(array([1], ">f8"), bytes(8)),
    "dtype that is a list": body(array([1], ["<f8"]), bytes(8)),
    "dtype that is a dict": body(array([1], {"int": "1"}), bytes(8)),
    "fewer bytes than announced": body(array([2]), bytes(8)),
    "bytes left over": body(array([1]), bytes(9)),
    "bytes for nothing": body(None, b"x"),
    "shape of 10 ** 12": body(array([10**12])),
    "shape beyond 64 bits": body(array([10**30])),
    "shape that overflows": body(array([2**40, 2**40])),
    "negative shape": body(array([-1])),
    "negative twice": body(array([-1, -8]), bytes(64)),
    "empty, but huge": body(array([2**60, 0, 2**60, 2**60])),
    "shape of floats": body(array([1.0]), bytes(8)),
    "shape of bools": body(array([True]), bytes(8)),
    "shape that is a number": body(array(1), bytes(8)),
    "shape that is a dict": body(array({"tuple": [1]}), bytes(8)),
    "40 axes": body(array([1] * 40), bytes(8)),
    "array of one part": body({"array": ["<f8"]}, bytes(8)),
    "array of none": body({"array": None}),
    "array that is a dict": body({"array": {"<f8": 1, "b": 2}}),
    "odd of a long dtype": body({"odd": ["<U999999999", [1], "array"]}),
    "odd of fields": body({"odd": ["f8,O", [1], "array"]}),
    "odd of a list": body({"odd": [["<f8"], [1], "array"]}),
    "odd beyond memory": body({"odd": ["<f8", [2**40, 2**40], "array"]}),
    "a large mask": body({"masked": [10**6]}),
    "masks": body([{"masked": [10**4]}] * 5000),
    "stand-ins": body([{"other": ["a", "b"]}] * 20_000),
    "stand-in with a long name": body({"other": ["x" * 5000, "y"]}),
    "stand-in of three": body({"other": ["x", "y", "z"]}),
    "stand-in of numbers": body({"other": [1, 2]}),
    "empty arrays": body([array([0])] * 30_000),
    "odd arrays": body([{"odd": ["<f8", [3], "array"]}] * 20_000),
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_is_refused(forgery: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.unpacked(forgery, stand_in)


def test_forgeries_do_not_fill_the_memory() -> None:
    tracemalloc.start()
    try:
        for forgery in FORGERIES.values():
            with pytest.raises(wire.WireError):
                wire.unpacked(forgery, stand_in)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 128 << 20  # and not gigabytes


def test_bools_are_bools() -> None:
    arrived = wire.unpacked(body(array([4], "|b1"), bytes([0, 1, 2, 255])))
    assert arrived.view(np.uint8).tolist() == [0, 1, 1, 1]


def test_an_array_that_was_not_sent_holds_nothing_of_this_process() -> None:
    kept = [np.full(1, 123.0) for _ in range(100)]
    del kept
    assert not wire.unpacked(body({"odd": ["<f8", [3], "array"]})).any()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_none(data: bytes) -> None:
    for forgery in (data, body(data), body(array([len(data)], "|u1"), data)):
        with contextlib.suppress(wire.WireError):
            wire.unpacked(forgery, stand_in)


TAGS = st.sampled_from(["array", "scalar", "odd", "masked", "int", "other", "tuple", "dict", "x"])
JSON = st.recursive(
    st.none() | numbers | st.text(max_size=5) | st.sampled_from(["<f8", "|b1", "|O", "array"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TAGS, inner, max_size=2),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(JSON, st.binary(max_size=40))
def test_any_head_is_a_message_or_none(head: Any, data: bytes) -> None:
    with contextlib.suppress(wire.WireError):
        wire.unpacked(body(head, data), stand_in)


# The channel


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def soon() -> float:
    return time.monotonic() + 0.1


def test_messages_arrive_one_after_another(pair: tuple[socket.socket, socket.socket]) -> None:
    large = np.arange(500_000.0)
    sending = threading.Thread(target=lambda: [wire.send(pair[0], v) for v in (1, large, "x")])
    sending.start()
    received = [wire.receive(pair[1]) for _ in range(3)]
    sending.join()
    assert received[0] == 1
    assert np.array_equal(received[1], large)
    assert received[2] == "x"


@pytest.mark.parametrize("start", [b"", b"\0", struct.pack("!I", 100), struct.pack("!I", 9) + b"x"])
def test_silence_ends_at_the_deadline(pair: Any, start: bytes) -> None:
    pair[0].sendall(start)
    with pytest.raises(TimeoutError):
        wire.receive(pair[1], soon())


@pytest.mark.parametrize("start", [b"", b"\0", struct.pack("!I", 100), struct.pack("!I", 9) + b"x"])
def test_a_message_that_breaks_off_is_none(pair: Any, start: bytes) -> None:
    pair[0].sendall(start)
    pair[0].close()
    with pytest.raises(wire.Closed):
        wire.receive(pair[1], soon())


def test_a_message_that_would_be_too_large_is_not_waited_for(pair: Any) -> None:
    pair[0].sendall(struct.pack("!I", 2**32 - 1))
    with pytest.raises(wire.WireError):
        wire.receive(pair[1])


def test_who_does_not_listen_does_not_hold_up_the_sender(pair: Any) -> None:
    with pytest.raises(TimeoutError):
        wire.send(pair[0], np.zeros(10**6), soon())


def test_nobody_listening_is_said(pair: Any) -> None:
    pair[1].close()
    with pytest.raises(wire.Closed):
        wire.send(pair[0], 1)


def test_what_is_too_large_is_not_sent(pair: Any) -> None:
    with pytest.raises(wire.WireError):
        wire.send(pair[0], [np.zeros(wire.ARRAY // 8)] * 3)
