"""Call what learners write with torch: make tensors and layers, bring back NumPy arrays."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from qkv_course.checks.calls import Complaint

LAYERS = ("w_q", "w_k", "w_v", "w_o")
NAMES = tuple(f"{layer}.{kind}" for layer in LAYERS for kind in ("weight", "bias"))
Arrays = dict[str, np.ndarray]
Probe = Callable[..., tuple[Any, ...]]


@contextmanager
def torch_as_it_was() -> Iterator[None]:
    """Start with gradients on and a known seed; put back what the learner's code changes."""
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    threads, drawn = torch.get_num_threads(), torch.get_rng_state()
    try:
        torch.set_num_threads(1)  # tensors this small take far longer with several
        start_drawing()
        torch.set_grad_enabled(True)
        yield
    finally:
        torch.set_rng_state(drawn)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        torch.set_num_threads(threads)


def start_drawing() -> None:
    """Begin torch's random numbers anew, on the CPU: all that torch.manual_seed does is slower."""
    torch.default_generator.manual_seed(0)


def undisturbed(probe: Probe) -> Probe:
    """Leave torch's settings after the probe as they were before it."""

    @functools.wraps(probe)
    def guarded(*args: Any) -> tuple[Any, ...]:
        with torch_as_it_was():
            return probe(*args)

    return guarded


OVERWRITTEN = (
    "It writes into q, k or v, which belong to the caller: q /= 2 does, and functions with a final "
    "_ do; make a new tensor, q = q / 2"
)
RECORDED = (
    "It writes into a parameter while torch records what becomes of it: do it inside a block "
    "`with torch.no_grad():`"
)


@contextmanager
def explained(sentence: str) -> Iterator[None]:
    """Put a sentence in place of torch's own, where a tensor must not be written to."""
    try:
        yield
    except RuntimeError as error:
        if "leaf Variable that requires grad" not in str(error):
            raise
        raise Complaint(sentence) from None


@undisturbed
def try_attention(
    function: Callable[..., Any],
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    mask: np.ndarray | None,
) -> tuple[np.ndarray, ...]:
    """Call an attention on tensors, and send a fixed weighted sum of its results back.

    Returns (context, weights, q.grad, k.grad, v.grad).
    """
    inputs = [leaf(a) for a in (q, k, v)]
    allowed = () if mask is None else (torch.from_numpy(mask),)
    with explained(OVERWRITTEN):
        results = two_tensors(function(*inputs, *allowed), ("context", "weights"))
    return (*map(array, results), *gradients(results, inputs))


@undisturbed
def try_layer(
    layer_class: Callable[[int, int], nn.Module],
    n_heads: int,
    parameters: Arrays,
    x: np.ndarray,
    memory: np.ndarray | None,
    mask: np.ndarray | None,
    earlier: np.ndarray | None,
) -> tuple[Any, ...]:
    """Make a layer, give it these parameters, and call it: on `earlier`, if given, then on x.

    Returns the output, the weights, the gradient of a fixed weighted sum of the output in x,
    and the number of parameters that get a gradient.
    """
    # What a layer makes by itself, as torch.zeros does, has torch's default precision.
    torch.set_default_dtype(torch.from_numpy(x).dtype)
    layer = made(layer_class, x.shape[-1], n_heads)
    learned = fill(layer, x.shape[-1], parameters)
    start_drawing()  # whatever was drawn so far: a dropout should be the same each time
    if earlier is not None:
        layer(torch.from_numpy(earlier))
    tokens = leaf(x)
    given = () if memory is None else (torch.from_numpy(memory),)
    named = {} if mask is None else {"mask": torch.from_numpy(mask)}
    results = two_tensors(layer(tokens, *given, **named), ("output", "weights"))
    in_x, *in_parameters = gradients(results[:1], [tokens, *learned], fill_in=False)
    reached = sum(g is not None for g in in_parameters)
    in_x = np.zeros_like(x) if in_x is None else in_x
    return (*map(array, results), in_x, reached)


@undisturbed
def try_loading(
    function: Callable[..., Any],
    in_proj_weight: np.ndarray,
    in_proj_bias: np.ndarray,
    out_proj_weight: np.ndarray,
    out_proj_bias: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """Load weights into four layers, overwrite the originals afterwards, and read the layers.

    Returns the weights and biases of w_q, w_k, w_v and w_o, in that order.
    """
    torch.set_default_dtype(torch.from_numpy(in_proj_bias).dtype)
    d_model = len(out_proj_bias)
    ours = FourLayers(d_model)
    theirs = nn.MultiheadAttention(d_model, next(n for n in (3, 2, 1) if d_model % n == 0))
    theirs.in_proj_weight, theirs.in_proj_bias = shared(in_proj_weight), shared(in_proj_bias)
    theirs.out_proj.weight, theirs.out_proj.bias = shared(out_proj_weight), shared(out_proj_bias)
    originals = [p.data for p in theirs.parameters()]
    with explained(RECORDED):
        function(ours, theirs)
    before = [p.clone() for p in originals]
    for original in originals:
        original.mul_(-2).add_(100)
    loaded = tuple(array(loaded_parameter(ours, name)).copy() for name in NAMES)
    for original, value in zip(originals, before, strict=True):
        original.copy_(value)
    return loaded


class FourLayers(nn.Module):
    """The four layers that weights are loaded into; what they hold before is plain to see."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        for i, name in enumerate(LAYERS):
            layer = nn.Linear(d_model, d_model)
            nn.init.constant_(layer.weight, 10.0 + i)
            nn.init.constant_(layer.bias, 20.0 + i)
            setattr(self, name, layer)


def shared(value: np.ndarray) -> nn.Parameter:
    """Make a parameter in an array's own memory: what is done to one shows in the other."""
    return nn.Parameter(torch.from_numpy(np.ascontiguousarray(value)))


def leaf(value: np.ndarray) -> torch.Tensor:
    """Make a tensor that gathers gradients and shares the array's memory."""
    return torch.from_numpy(value).requires_grad_()


def two_tensors(value: Any, names: tuple[str, str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Give the two tensors that came back, or say what came back in their place."""
    wanted = f"it should return two tensors, ({', '.join(names)})"
    if not isinstance(value, tuple | list):
        raise Complaint(f"It returned {described(value)}; {wanted}")
    if len(value) != 2:
        raise Complaint(f"It returned {len(value)} results; {wanted}")
    for part, name in zip(value, names, strict=True):
        if not isinstance(part, torch.Tensor):
            raise Complaint(f"`{name}` is {described(part)}; it should be a torch tensor")
        if not part.is_floating_point():
            raise Complaint(f"`{name}` holds {part.dtype}; it should hold floats")
    return value[0], value[1]


def described(value: Any) -> str:
    """Say what kind of thing a value is."""
    if value is None:
        return "None, as if its `return` were missing"
    if isinstance(value, torch.Tensor):
        return f"one tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return "a NumPy array"
    return f"an object of type {type(value).__name__}"


def array(tensor: torch.Tensor) -> np.ndarray:
    """Give a tensor's numbers as an array."""
    try:
        return tensor.detach().numpy()
    except (RuntimeError, TypeError):  # bfloat16, sparse: NumPy has nothing like it
        raise Complaint(
            f"It returned a tensor that NumPy cannot read ({tensor.dtype}, {tensor.layout}); "
            "it should be an ordinary one, as precise as the inputs"
        ) from None


def gradients(
    results: tuple[torch.Tensor, ...], inputs: list[torch.Tensor], fill_in: bool = True
) -> list[Any]:
    """Differentiate a fixed weighted sum of the results in every input.

    Where nothing comes back: zeros, or None without `fill_in`.
    """
    torch.set_grad_enabled(True)  # the learner's function may have left it off
    total = sum((r * counted_weights(r)).sum() for r in results)
    found: tuple[torch.Tensor | None, ...] = (None,) * len(inputs)
    if isinstance(total, torch.Tensor) and total.requires_grad:
        try:
            found = torch.autograd.grad(total, inputs, allow_unused=True)
        except RuntimeError as error:
            raise Complaint(cause(error)) from None
    return [
        array(torch.zeros_like(i) if g is None else g) if fill_in or g is not None else None
        for g, i in zip(found, inputs, strict=True)
    ]


def cause(error: RuntimeError) -> str:
    """Say why torch could not find its way back."""
    if "inplace operation" in str(error):
        return (
            "The gradients cannot be computed: a tensor that they need was overwritten, as x += y, "
            "x[...] = 0 and functions with a final _ do; make a new one, as masked_fill does"
        )
    return f"The gradients cannot be computed: torch says {str(error).splitlines()[0]!r}"


def counted_weights(result: torch.Tensor) -> torch.Tensor:
    """Give every entry of a result a weight of its own, the same each time."""
    count = torch.arange(result.numel(), dtype=result.dtype)
    return torch.cos(2 * count + 1).reshape(result.shape)


def made(layer_class: Callable[[int, int], Any], d_model: int, n_heads: int) -> Any:
    """Make a layer, or say what torch misses in its __init__."""
    try:
        return layer_class(d_model, n_heads)
    except AttributeError as error:
        if "Module.__init__" not in str(error):
            raise
        raise Complaint(
            "nn.Module is not set up when the first layer is given to self: __init__ has to "
            "start with super().__init__()"
        ) from None


def fill(layer: Any, d_model: int, parameters: Arrays) -> list[torch.Tensor]:
    """Put numbers into a layer's parameters, or say which of them are missing.

    Returns the parameters. Biases may be missing if all of them are: the numbers will tell.
    """
    if not isinstance(layer, nn.Module):
        raise Complaint(f"It made {described(layer)}; it should be a layer derived from nn.Module")
    linear = [linear_layer(layer, name, d_model) for name in LAYERS]
    twice = [name for i, name in enumerate(LAYERS) if linear[i] in linear[:i]]
    if twice:
        raise Complaint(f"`{twice[0]}` is the same layer as one before it; make four of them")
    without = [name for name, one in zip(LAYERS, linear, strict=True) if one.bias is None]
    if 0 < len(without) < len(LAYERS):
        raise Complaint(f"`{without[0]}` has no bias; all four layers should have one")
    known = {id(p) for p in layer.parameters()}
    learned = []
    for name in NAMES[:: 2 if without else 1]:
        one = getattr(getattr(layer, name.split(".")[0]), name.split(".")[1])
        if id(one) not in known:
            raise Complaint(
                f"`{name}` is missing among the layer's parameters(): an optimizer would not see "
                "it; give the layer to self by its name, and not inside a plain list"
            )
        with torch.no_grad():
            one.copy_(torch.from_numpy(parameters[name]))
        learned.append(one)
    return learned


def linear_layer(layer: nn.Module, name: str, d_model: int) -> nn.Linear:
    """Give one of the four layers, or say what is wrong with it."""
    one, wanted = getattr(layer, name, None), f"nn.Linear({d_model}, {d_model})"
    if one is None:
        there = [n for n, _ in layer.named_children()]
        none = "it has none by a name of its own (in a plain list they are not seen)"
        has = f"its layers are {', '.join(there)}" if there else none
        raise Complaint(f"The layer has no `{name}`, which should be {wanted}; {has}")
    if not isinstance(one, nn.Linear):
        raise Complaint(f"`{name}` is {described(one)}; it should be {wanted}")
    if (one.in_features, one.out_features) != (d_model, d_model):
        size = f"nn.Linear({one.in_features}, {one.out_features})"
        raise Complaint(
            f"For d_model = {d_model}, `{name}` is {size}; it should be {wanted}: one layer "
            "serves all heads"
        )
    return one


def loaded_parameter(ours: nn.Module, name: str) -> torch.Tensor:
    """Give a parameter after loading, or say what has become of it."""
    layer, kind = name.split(".")
    one = getattr(getattr(ours, layer, None), kind, None)
    if not isinstance(one, nn.Parameter):
        raise Complaint(f"`{name}` is no nn.Parameter any more; fill the one that is there")
    if not one.requires_grad:
        raise Complaint(f"`{name}` cannot be trained any more: its requires_grad is False")
    return one
