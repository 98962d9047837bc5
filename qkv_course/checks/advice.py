"""What is likely behind an error or a result of the wrong kind, and what to try."""

import re
from typing import Any

import numpy as np

from qkv_course.checks.calls import Failure, Outcome
from qkv_course.checks.compare import Problem, is_whole
from qkv_course.checks.exercise import Exercise

Advice = tuple[str, str]  # what is likely, or "", and what to try
# Python's own words where a call does not fit: a method is told from a function by its class.
METHOD = re.compile(
    r"\w\.([a-z]\w*)\(\) (?:got an unexpected keyword argument|(missing 1 required .*):) '(\w+)'"
)
OTHER_METHOD = re.compile(r"\w\.([a-z]\w*)\(\) (?:takes|missing|got multiple) ")
CALL = re.compile(r"[\w>]\(\) (?:takes|missing|got) ")

BY_PROBLEM = {
    "raised": "Run that line by yourself on the input above, piece by piece, and print the shapes.",
    "accepted": "Look at these sizes first, and `raise {0}(...)` where they do not fit.",
    "changed input": "Make a new array: `x = x - 1` makes one, `x -= 1` writes into the old one.",
    "something": "The docstring says when there is nothing to return.",
    "type": "Look at the docstring's `Returns` line, and at your `return` line.",
    "shape": "Print the shape after every step and compare it with the docstring.",
    "dtype": "Leave out `astype` and `dtype=...`, or take the dtype from the input.",
    "value": "Work out this one entry by hand on the input above, then print your steps.",
}

CLASS_NOT_CALLED: Advice = (
    "A class, perhaps, that was not called: it is no layer yet.",
    "Make a layer of it first: call it with its sizes.",
)
BY_ROWS: Advice = (
    "There are more or fewer values than names. What is taken apart goes by its first axis: an "
    "array of shape (n, 2), or a list of pairs, gives n rows.",
    "`a, b = np.asarray(pairs).T` takes the two columns; `for a, b in pairs:` goes row by row.",
)

# An exception's class, a part of its message, and the advice. The first row that fits counts.
Row = tuple[str, str, Advice]
ANYWHERE: tuple[Row, ...] = (
    (
        "SystemExit",
        "",
        ("A call of exit() or quit() inside the function.", "Leave a function with `return`."),
    ),
    (
        "RecursionError",
        "",
        (
            "The function calls itself again and again.",
            "Call another function, or use a loop.",
        ),
    ),
    (
        "UnboundLocalError",
        "",
        (
            "The function uses a name of its own before it has a value.",
            "Give it its first value before the loop or the `if`.",
        ),
    ),
    (
        "NameError",
        "",
        (
            "A slip in a name, a missing `np.` in front of it, or a cell that was not run.",
            "Look for the name in the message: where should it get its value?",
        ),
    ),
)
WITH_NONE: tuple[Row, ...] = (
    (
        "TypeError",
        "NoneType",
        (
            "Something on that line is None: a function that it calls has no `return`.",
            "Check that function first.",
        ),
    ),
    (
        "AttributeError",
        "'NoneType' object",
        (
            "Something on that line is None: an argument that was not given, or the result of a "
            "function without a `return`.",
            "Treat that case first: `if x is None: ...`.",
        ),
    ),
)
IN_NUMPY: tuple[Row, ...] = (
    *ANYWHERE,
    (
        "TypeError",
        "is not callable",
        (
            "Parentheses after something that is no function: `x(...)` calls x, `x[...]` is an "
            "entry of x, and a product needs its `*`. Or a name was given to something else, as "
            "in `f = f(x)`.",
            "Run the cell that defines the function again, and look at that line's parentheses.",
        ),
    ),
    (
        "TypeError",
        "Tensor",
        (
            "A torch function; the inputs are NumPy arrays.",
            "Use NumPy: `np.` in place of `torch.`.",
        ),
    ),
    *WITH_NONE,
    (
        "TypeError",
        "can be converted to Python scalars",
        (
            "A function for a single number, as those of `math` are, was given a whole array.",
            "Use NumPy's function: it works on every entry.",
        ),
    ),
    (
        "ValueError",
        "read-only",
        (
            "The function writes into an input, which belongs to its caller.",
            BY_PROBLEM["changed input"],
        ),
    ),
    (
        "ValueError",
        "matmul",
        (
            "In a matrix product (n, a) @ (a, m), the two sizes in the middle have to be equal.",
            "Print both shapes. Should one of the two be transposed, or stand on the other side?",
        ),
    ),
    (
        "ValueError",
        "not aligned",
        (
            "In a product (n, a) times (a, m), the two sizes in the middle have to be equal.",
            "Print both shapes. Should one of the two be transposed, or stand on the other side?",
        ),
    ),
    (
        "ValueError",
        "broadcast",
        (
            "NumPy lines shapes up from the last axis on; sizes have to be equal there, or 1.",
            "Print both shapes. After a sum or a maximum, keepdims=True keeps the axis.",
        ),
    ),
    (
        "ValueError",
        "truth value",
        (
            "An `if`, `and` or `or` on a whole array: some entries may be true, and others not.",
            "Compare entry by entry with np.where, `&` and `|`.",
        ),
    ),
    (
        "ValueError",
        "setting an array element",
        (
            "An array is put into a place that holds one number.",
            "Print the shapes on both sides of the `=`.",
        ),
    ),
    (
        "ValueError",
        "values to unpack",
        (
            "There are more or fewer values than names, as where a shape has more axes than you "
            "expect: batch axes may stand in front, any number of them or none.",
            "`*lead, n, d = x.shape` takes the last two sizes, and all others into a list.",
        ),
    ),
    (
        "AxisError",
        "for array of dimension 1",
        (
            "The array has one axis only, and the line asks for another. It may be an argument "
            "that was not given: None counts as an array, too.",
            "Print the shape on that line. For an argument, treat `x is None` first.",
        ),
    ),
    (
        "AxisError",
        "",
        (
            "The array has no such axis.",
            "Count axes from the end: -1 is the last, -2 the one before it.",
        ),
    ),
    (
        "IndexError",
        "too many indices",
        ("There are more indices than axes.", "Print the shape of the array on that line."),
    ),
    (
        "IndexError",
        "boolean index did not match",
        (
            "A mask used as an index has to have the array's own shape.",
            "np.where(mask, ..., ...) also takes a mask with axes of size 1.",
        ),
    ),
    (
        "IndexError",
        "valid indices",
        (
            "An index that is not a whole number: `/` makes floats, and `//` does not.",
            "Print the index on that line and its type.",
        ),
    ),
    (
        "IndexError",
        "out of bounds",
        (
            "Of n entries, the first has the index 0 and the last n - 1.",
            "Look at where the loop or the index starts and ends.",
        ),
    ),
    (
        "AttributeError",
        "'numpy.ndarray' object",
        (
            "NumPy arrays have no such method; lists or torch tensors may have it.",
            "Many are functions in NumPy: np.exp(x) in place of x.exp().",
        ),
    ),
)

# torch's own words for what NumPy says otherwise.
IN_TORCH: tuple[Row, ...] = (
    *ANYWHERE,
    *WITH_NONE,
    (
        "TypeError",
        "_IncompatibleKeys",
        (
            "load_state_dict returns a note about the names, and no layer.",
            "Let the layer load on a line of its own, then put the layer itself into its place.",
        ),
    ),
    ("TypeError", "as child module", CLASS_NOT_CALLED),
    ("TypeError", "load_state_dict() missing", CLASS_NOT_CALLED),
    ("AttributeError", "type object", CLASS_NOT_CALLED),
    (
        "RuntimeError",
        "Boolean value of Tensor",
        (
            "An `if`, `and` or `or` on a whole tensor: some entries may be true, and others not.",
            "Ask whether it is there at all with `x is None`.",
        ),
    ),
    (
        "RuntimeError",
        "must match the size of tensor b",
        (
            "torch lines shapes up from the last axis on; sizes have to be equal there, or 1.",
            "Print both shapes. After a sum or a maximum, keepdim=True keeps the axis.",
        ),
    ),
    (
        "RuntimeError",
        "Expected size for first two dimensions",
        (
            "In a product of batches (b, n, a) @ (b, a, m), b and a have to be equal.",
            "Print both shapes. k.transpose(-2, -1) swaps the last two axes.",
        ),
    ),
    (
        "RuntimeError",
        "shapes cannot be multiplied",
        (
            "In a matrix product (n, a) @ (a, m), the two sizes in the middle have to be equal.",
            "Print both shapes. k.transpose(-2, -1) swaps the last two axes.",
        ),
    ),
    (
        "RuntimeError",
        "view size is not compatible",
        (
            "`view` wants the entries in one piece, and after `transpose` they are not.",
            "Use `reshape`, or `.contiguous()` first.",
        ),
    ),
    (
        "RuntimeError",
        "is invalid for input of size",
        (
            "The new shape has more or fewer entries than the tensor.",
            "Print the tensor's shape: the product of all sizes has to stay the same.",
        ),
    ),
    (
        "RuntimeError",
        "expected m1 and m2 to have the same dtype",
        (
            "float32 meets float64: a tensor made by the function has another precision.",
            "Take the dtype of an input, as in torch.zeros(n, dtype=q.dtype).",
        ),
    ),
    (
        "RuntimeError",
        "Can't call numpy() on Tensor that requires grad",
        (
            "NumPy cannot record the way back, so torch refuses.",
            "Stay with torch: torch.softmax, torch.exp, `@`.",
        ),
    ),
    (
        "TypeError",
        "ufunc",
        ("A NumPy function on tensors.", "Use torch's: torch.exp in place of np.exp."),
    ),
    (
        "AttributeError",
        "'Tensor' object",
        (
            "Tensors have no such method or attribute; NumPy arrays may have it.",
            "Look for torch's name: dim for axis, keepdim for keepdims, transpose for swapaxes.",
        ),
    ),
)


def on_error(exercise: Exercise, failure: Failure) -> Advice:
    """Say what is likely behind an error, and what to try."""
    if failure.timed_out:
        return (
            "A loop that never ends, or one that takes far too many steps.",
            "Print the loop's counter on the input above, and look at what ends the loop.",
        )
    if failure.kind == "NotImplementedError" and (other := failure.stub):
        return (
            f"Your {exercise.name} calls {other}, which is not written yet.",
            f"Write {other} first and run its cell, then check {exercise.name} again.",
        )
    if failure.kind == "Complaint":
        return "", "Mend this first: the check cannot go on without it."
    unpacked = "values to unpack" in failure.message and not exercise.tensors
    if unpacked and failure.line and ".shape" not in failure.line:
        return BY_ROWS
    for kind, part, advice in IN_TORCH if exercise.tensors else IN_NUMPY:
        if failure.kind == kind and part in failure.message:
            return advice
    if failure.kind == "TypeError" and not failure.line_number:
        return on_parameters(exercise, failure.message)
    return "", BY_PROBLEM["raised"]


def on_parameters(exercise: Exercise, message: str) -> Advice:
    """Say what is likely when the check's own call did not fit: of a method, or of it all."""
    if found := METHOD.search(message):
        method, missing, name = found.groups()
        if missing:
            return "", f"Give the parameter `{name}` of `{method}` a default: `{name}=None`."
        return "", f"Give `{method}` a parameter `{name}=None`."
    if (other := OTHER_METHOD.search(message)) and exercise.name not in message:
        return "", f"Look at the parameters of `{other[1]}`: `self` first, then those of the stub."
    if not CALL.search(message):
        return "", BY_PROBLEM["raised"]
    return "The function's parameters are no longer those of the stub.", exercise.how_to_start


def on_type(outcome: Outcome, right: Any, problem: Problem) -> Advice:
    """Say what is likely behind a result of the wrong kind, and what to try."""
    if outcome.value is None and outcome.printed.strip():
        return (
            "The function prints its result. That shows it to you, but not to its caller.",
            "End it with `return` and the result.",
        )
    got, want = outcome.value, right
    if isinstance(right, tuple):
        if not isinstance(got, tuple | list) or len(got) != len(right):
            return "", BY_PROBLEM["type"]
        got, want = got[problem.part], right[problem.part]
    if is_whole(want) and isinstance(got, float):
        return "", "Stay with whole numbers: `//` keeps them whole, `/` makes a float."
    if isinstance(got, list) and np.ndim(want) > 0:
        return "", "np.array(...) or np.stack(...) makes an array of a list."
    return "", BY_PROBLEM["type"]
