"""Pictures to play with: a lesson's numbers, and what mistakes do to them."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from qkv_course.errors import UnknownName

if TYPE_CHECKING:
    from qkv_course.widgets.base import Explorer
    from qkv_course.widgets.mistakes import MistakesWidget

# An explorer's module and the functions that it can draw. Names only: nothing is imported
# before somebody wants to see it.
EXPLORERS: dict[str, tuple[str, ...]] = {
    "dot": ("dot",),
    "influence": ("rnn_influence", "rnn_states", "mix"),
    "lookup": ("soft_lookup", "similarity", "hard_lookup"),
    "projections": ("project", "qkv"),
    "scaling": ("scaled_scores", "attention_scores"),
    "softmax": ("softmax", "softmax_with_temperature", "entropy", "softmax_jacobian"),
    "context": ("attention", "self_attention", "weighted_sum"),
    "masks": ("masked_attention", "causal_mask", "padding_mask", "mask_scores"),
    "attention": (),
    "split": ("split_heads", "merge_heads"),
    "heads": ("multi_head_attention", "head_dim"),
    "cost": ("attention_flops", "kv_cache_bytes"),
    "browser": (),
    "training": (),
}


def explore(
    what: str | Callable[..., Any], function: Callable[..., Any] | None = None, **settings: Any
) -> "Explorer":
    """Show an explorer, with your own function beside its numbers if you give one.

    what: a function of a lesson, such as `scaled_scores`, or an explorer's name in quotes.
    function: your own, where `what` is a name; the explorer says which ones it can call.
    settings: where its sliders stand at first.
    Raises UnknownName, or BadAnswer for a setting that the explorer does not take.
    """
    if isinstance(what, str):
        # `attention` is a function of lesson 06 and an explorer: as a text it is the explorer.
        named = {**_functions(), **{explorer: explorer for explorer in EXPLORERS}}
        return _explorer_class(_home_of(what, named))(function, **settings)
    name = getattr(what, "__name__", None)
    if not callable(what) or name is None:
        raise UnknownName(
            f"explore shows a function or the name of an explorer, not a {type(what).__name__}. "
            f"The explorers are: {', '.join(EXPLORERS)}."
        )
    return _explorer_class(_home_of(name, _functions()))(what, **settings)


def break_it(what: str | Callable[..., Any], mistake: str | None = None) -> "MistakesWidget":
    """Show what a usual mistake does to an exercise's results, beside the right ones.

    what: an exercise's name in quotes, or its function. mistake: the one to show first.
    Raises UnknownName.
    """
    from qkv_course.lessons import find_exercise
    from qkv_course.widgets.mistakes import MistakesWidget

    name = what if isinstance(what, str) else getattr(what, "__name__", str(what))
    return MistakesWidget(find_exercise(name), mistake)


def _functions() -> dict[str, str]:
    """Map every function that an explorer draws to the explorer where it is at home."""
    return {f: explorer for explorer, functions in EXPLORERS.items() for f in functions}


def _home_of(name: str, known: dict[str, str]) -> str:
    if name not in known:
        from qkv_course.lessons import unknown

        raise UnknownName(unknown(name, "explorer", sorted(known)))
    return known[name]


def _explorer_class(explorer: str) -> "type[Explorer]":
    module = import_module(f"qkv_course.widgets.{explorer}")
    found: type[Explorer] = getattr(module, f"{explorer.capitalize()}Explorer")
    return found
