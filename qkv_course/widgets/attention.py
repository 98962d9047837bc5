"""The attention explorer: any sentence, any number of heads, every weight down to its products."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.attention import attention_scores, masked_attention
from qkv_course.errors import BadAnswer
from qkv_course.widgets.base import Explorer, fixed, module, stylesheet
from qkv_course.widgets.own_data import AXES, MOST_HEADS, MOST_TOKENS, Data, own_data
from qkv_course.widgets.random import normals
from qkv_course.widgets.yours import Call

if TYPE_CHECKING:
    from matplotlib.figure import Figure

D_MODEL = 768  # its divisors are the numbers of heads that share it evenly
HEADS = [n for n in range(1, 97) if D_MODEL % n == 0]
MOST_WORDS, LARGEST, D_V = 24, 256, 4  # LARGEST: of d_k; less uses the first entries
LONGEST = 400  # characters of a sentence
COLORS = {  # what shares one color scale
    "each head": "a color scale for each",
    "each row": "a color scale for each row",
    "all heads": "one color scale for all",
    "0 to 1": "colors from 0 to 1",
}


def split(sentence: str) -> list[str]:
    """Cut a sentence at its blanks."""
    return re.findall(r"[^ \t\n\r\u00a0\u3000]+", sentence)


def hashed(word: str, seed: int, head: int) -> int:
    """Give a word in a head a seed of its own, the same in the browser, in any script.

    Source: Fowler, Noll and Vo's hash FNV-1a, over code points in place of bytes.
    """
    state = 2166136261
    for number in (*map(ord, word), seed, head):
        state = (state ^ number) * 16777619 % 2**32
    return state


@lru_cache(maxsize=4096)
def vectors(word: str, seed: int, head: int) -> np.ndarray:
    """Draw a word's query (256 entries), key (256) and value (4) in a head, in one array."""
    return normals((2 * LARGEST + D_V,), hashed(word, seed, head))


def toy(sentence: str, heads: int, d_k: int, seed: int) -> Data:
    """Give every word of a sentence random queries, keys and values."""
    words = tuple(split(sentence))
    drawn = np.stack([[vectors(word, seed, head) for word in words] for head in range(heads)])
    q, k, v = drawn[..., :d_k], drawn[..., LARGEST:][..., :d_k], drawn[..., 2 * LARGEST :]
    return Data(words, words, {"q": q, "k": k, "v": v})


def allowed(
    n_q: int, n_k: int, mask: str, padding: int, drawn: Sequence[Sequence[int]]
) -> np.ndarray:
    """Say who may attend to whom: bool, (n_q, n_k), True where a query may attend."""
    result = np.ones((n_q, n_k), dtype=bool)
    if mask == "causal":
        result = np.tri(n_q, n_k, n_k - n_q, dtype=bool)  # the last query sees all keys
    if mask == "padding":
        result[:, max(n_k - padding, 0) :] = False
    for i, j in drawn if mask == "drawn" else ():
        if i < n_q and j < n_k:
            result[i, j] = False
    return result


def tops(weights: np.ndarray, colors: str, counts: np.ndarray) -> np.ndarray:
    """Give the weight that has the brightest color: (n_heads, n_q).

    counts: bool, (n_q,): which rows do. One with a single key to choose from has a weight of
    1, and would leave all others of its head in the dark.
    """
    rows = weights.max(axis=-1)  # (n_heads, n_q)
    if colors == "0 to 1":
        return np.ones(rows.shape)
    if colors != "each row":
        axis = -1 if colors == "each head" else None
        rows = np.where(counts, rows, 0.0).max(axis=axis, keepdims=True) + np.zeros(rows.shape)
    return np.where(rows > 0, rows, 1.0)


def hidden_cells(mask: Any, shape: tuple[int, int]) -> list[list[int]]:
    """List the cells where a mask is False. Raises BadAnswer if it is no bool array (n_q, n_k)."""
    array = np.asarray(mask.detach().cpu() if hasattr(mask, "detach") else mask)
    if array.dtype.kind != "b" or array.shape != shape:
        raise BadAnswer(
            f"mask is an array of {array.dtype} with the shape {array.shape}. It should be bool, "
            f"of shape (n_q, n_k), here {shape}, True where a query may attend; or a name, "
            "such as 'causal'."
        )
    cells: list[list[int]] = np.argwhere(~array).tolist()
    return cells


def sharpness(d_k: int, temperature: float, scale: bool) -> float:
    """Say what queries are multiplied with, so that scores over √d_k come out as set."""
    return (1.0 if scale else float(np.sqrt(d_k))) / temperature


def attend(data: Data, head: int, colors: str, **how: Any) -> dict[str, Any]:
    """Let queries attend to keys in every head, and look closely at one.

    head: which one; past the last, the last. how: temperature, scale, mask, padding, drawn.
    Returns all_weights (n_heads, n_q, n_k), largest (n_heads,): the largest weight of a row,
    on average over the rows, tops (n_heads, n_q); of the head: weights (n_q, n_k), and for
    queries and keys q, k, raw (q·k), scores (n_q, n_k), mask (n_q, n_k), v and context.
    """
    at, n_k = min(head, data.heads - 1), len(data.keys)
    found: dict[str, Any] = {}
    if "weights" in data.arrays:
        weights = data.arrays["weights"]
    else:
        found, weights = _weighed(data.arrays, at, **how)
    mask = found.get("mask", np.ones((1, n_k), dtype=bool))
    return found | {
        "weights": weights[at],
        "all_weights": weights,
        "largest": weights.max(axis=-1).mean(axis=-1),
        "tops": tops(weights, colors, (mask.sum(axis=-1) > 1) | (n_k < 2)),
    }


def _weighed(
    arrays: dict[str, np.ndarray], head: int, temperature: float, scale: bool, **masked: Any
) -> tuple[dict[str, Any], np.ndarray]:
    q, k = arrays["q"], arrays["k"]
    v = arrays.get("v", np.zeros((*k.shape[:2], 0)))
    mask = allowed(q.shape[1], k.shape[1], **masked)
    sharper = sharpness(q.shape[-1], temperature, scale)
    context, weights = masked_attention(q * sharper, k, v, mask)
    raw = attention_scores(q[head], k[head])
    found = {"q": q[head], "k": k[head], "raw": raw, "mask": mask}
    found["scores"] = raw * sharper / np.sqrt(q.shape[-1])
    if "v" in arrays:
        found |= {"v": v[head], "context": context[head]}
    return found, weights


def compute(
    sentence: str, heads: int, d_k: int, seed: int, head: int, colors: str, **how: Any
) -> dict[str, Any]:
    """Let the words of a sentence attend to each other: see attend for what it returns."""
    return attend(toy(sentence, heads, d_k, seed), head, colors, **how)


def describe(**settings: Any) -> str:
    """Say how many heads there are, and how sharp the weights are in one and in all of them."""
    how = dict(settings)
    data = toy(**{name: how.pop(name) for name in ("sentence", "heads", "d_k", "seed")})
    return told(data, attend(data, **how), settings)


def told(data: Data, r: dict[str, Any], settings: dict[str, Any]) -> str:
    """Put the numbers of attend into words."""
    head = min(settings["head"], data.heads - 1)
    rows = r["mask"].sum(axis=-1) > 1 if "mask" in r else np.ones(len(data.queries), dtype=bool)
    said = [_size(data, r)]
    if rows.any():  # with one key to choose from, a weight of 1 says nothing
        inner = np.where(rows[:, np.newaxis], r["weights"], -1.0)
        i, j = np.argwhere(inner > inner.max() - 1e-9)[0]
        pair = f'from "{data.queries[i]}" to "{data.keys[j]}"'
        said.append(f"Head {head}: the largest weight is {fixed(inner[i, j])}, {pair}.")
    average = f"All heads: a row's largest weight is {fixed(r['largest'].mean())} on average"
    even = settings.get("mask", "none") == "none"
    said.append(f"{average}; 1/{len(data.keys)} for each would be even." if even else f"{average}.")
    return " ".join([*said, *_masked(r, settings)])


def _size(data: Data, r: dict[str, Any]) -> str:
    n_q, n_k = len(data.queries), len(data.keys)
    parts = [f"{data.heads} head{'s' if data.heads > 1 else ''}"]
    parts += [f"d_k = {r['q'].shape[1]}"] if "q" in r else []
    same = data.queries == data.keys
    parts.append(f"{n_k} word{'s' if n_k > 1 else ''}" if same else f"{n_q} by {n_k} tokens")
    return ", ".join(parts) + "."


def _masked(r: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    hidden = int((~r["mask"]).sum()) if "mask" in r else 0
    if not hidden:
        return []
    said = [f"The mask hides {hidden} of {r['mask'].size} cells."]
    blind = int((~r["mask"].any(axis=-1)).sum())
    if blind:
        said.append(f"{blind} of {len(r['mask'])} queries see nothing: their weights are 0.")
    return said


class Sentence(traitlets.Unicode[str, str]):
    """A text of one word or more."""

    info_text = f"a text of 1 to {MOST_WORDS} words, up to {LONGEST} characters"

    def validate(self, obj: Any, value: Any) -> str:
        """Count the words."""
        text: str = super().validate(obj, value)
        if not 1 <= len(split(text)) <= MOST_WORDS or len(text) > LONGEST:
            self.error(obj, value)
        return text


class Cells(traitlets.List[list[int]]):
    """Hidden cells of a mask."""

    info_text = "a list of hidden cells, such as [[0, 2], [1, 2]]: query, key"

    def info(self) -> str:
        """Say what it takes."""
        return self.info_text

    def validate(self, obj: Any, value: Any) -> list[list[int]]:
        """Look at every cell."""
        cells = super().validate(obj, value) or []
        if not all(isinstance(c, list | tuple) and len(c) == 2 for c in cells) or not all(
            type(n) is int and 0 <= n < MOST_TOKENS for c in cells for n in c
        ):
            self.error(obj, value)
        return [list(cell) for cell in cells]


class AttentionExplorer(Explorer):
    """Type a sentence, choose heads and d_k, and follow every weight back to its products.

    With q and k (and v), or weights, it shows these in place of its own: (n_heads, n, d) or
    (n, d); weights (n_heads, n_q, n_k) or (n_q, n_k). tokens name the keys, and the queries
    unless query_tokens do. mask may be a bool array (n_q, n_k), True where a query may attend.
    """

    title = "Attention, head by head, with random queries and keys"
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    calls = (
        Call("masked_attention", takes=("q", "k", "v", "mask"), gives=("context", "weights")),
        Call("attention", takes=("q", "k", "v"), gives=("context", "weights")),
    )
    yours_pictures = False
    _esm = module("attention")
    _css = stylesheet("base", "attention")

    _own = traitlets.Dict().tag(sync=True)

    sentence = Sentence("The cat sat on the mat because it was tired").tag(sync=True)
    heads = traitlets.Enum(HEADS, 12).tag(sync=True)
    d_k = traitlets.Int(64, min=1, max=LARGEST).tag(sync=True)
    temperature = traitlets.Float(1.0, min=0.1, max=4.0).tag(sync=True)
    scale = traitlets.Bool(True).tag(sync=True)
    mask = traitlets.Enum(["none", "causal", "padding", "drawn"], "none").tag(sync=True)
    padding = traitlets.Int(2, min=0, max=MOST_TOKENS).tag(sync=True)
    drawn = Cells().tag(sync=True)
    head = traitlets.Int(0, min=0, max=MOST_HEADS - 1).tag(sync=True)
    colors = traitlets.Enum(list(COLORS), "each head").tag(sync=True)
    seed = traitlets.Int(0, min=0, max=10**6).tag(sync=True)

    def __init__(
        self,
        function: Callable[..., Any] | None = None,
        *,
        tokens: Any = None,
        query_tokens: Any = None,
        **settings: Any,
    ) -> None:
        if function is not None and not callable(function):
            raise BadAnswer(
                f"The second argument is a function of yours, not a {type(function).__name__}. "
                "Give arrays by their names: weights=..., or q=... and k=..., or q, k and v."
            )
        given = {name: settings.pop(name) for name in AXES if name in settings}
        self._data = own_data(given, tokens, query_tokens) if given else None
        if self._data is None and (tokens is not None or query_tokens is not None):
            raise BadAnswer(
                "tokens name the rows of q and k, or of weights; give these too. "
                "For words with numbers of the explorer's own, give a sentence."
            )
        kept = self._for_own(function, settings)
        if getattr(settings.get("mask"), "shape", None):
            size = self._size(settings.get("sentence", type(self).sentence.default_value))
            settings |= {"mask": "drawn", "drawn": hidden_cells(settings["mask"], size)}
        super().__init__(function, **settings, **kept)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "mask" and getattr(value, "shape", None):
            self.drawn, value = hidden_cells(value, self._size(self.sentence)), "drawn"
        super().__setattr__(name, value)

    def _size(self, sentence: Any) -> tuple[int, int]:
        """Count the queries and the keys."""
        if self._data is None:
            return (len(split(str(sentence))),) * 2
        return len(self._data.queries), len(self._data.keys)

    def _for_own(self, function: object, settings: dict[str, Any]) -> dict[str, Any]:
        """Give what goes along with one's own data: fewer settings, and the data."""
        if self._data is None:
            return {}
        arrays = self._data.arrays
        kept = [n for n in self.setting_names() if n not in ("sentence", "heads", "d_k", "seed")]
        kept = ["head", "colors"] if "weights" in arrays else kept
        for name in (n for n in settings if n not in kept):
            raise BadAnswer(
                f"{name!r} does not go with {' and '.join(arrays)} of your own. "
                f"These settings do: {', '.join(kept)}."
            )
        if function is not None and "v" not in arrays:
            raise BadAnswer("To call your function, the explorer needs q, k and v.")
        title = f"Attention, head by head, with {' and '.join(arrays)} of your own"
        return {"_title": title, "_settings": kept, "_own": self._data.sent()}

    def numbers(self) -> dict[str, Any]:
        """Compute with one's own data, or else with random queries and keys."""
        if self._data is None:
            return compute(**self.settings)
        return attend(self._data, **self.settings)

    def known(self) -> dict[str, Any]:
        """Give a learner's function queries that respect the temperature and the scale."""
        r = self.numbers()
        sharper = sharpness(r["q"].shape[-1], self.temperature, self.scale)
        return r | {"q": r["q"] * sharper}

    def said(self) -> str:
        """Say the main numbers."""
        if self._data is None:
            return describe(**self.settings)
        return told(self._data, self.numbers(), self.settings)

    def why_not(self, function: str) -> str:
        """Say so where a mask hides something from a function that takes none."""
        if function != "attention" or self.numbers()["mask"].all():
            return ""
        return "Yours: `attention` takes no mask. Set the mask to none to compare it."

    def draw(self, figure: "Figure") -> None:
        """Draw all heads small, and the chosen one with its words."""
        from qkv_course.widgets.poster import heatmap

        r = self.numbers()
        data = self._data or toy(self.sentence, self.heads, self.d_k, self.seed)
        head, mask = min(self.head, data.heads - 1), r.get("mask", True)
        shown = np.where(mask, r["all_weights"] / r["tops"][..., np.newaxis], np.nan)
        left, right = figure.subplots(1, 2)
        left.imshow(mosaic(shown), cmap="cividis", vmin=0, vmax=1)
        left.set_axis_off()
        left.set_title(f"{data.heads} heads, {COLORS[self.colors]}", fontsize=9)
        rows, cols = ([t.replace("$", r"\$") for t in n] for n in (data.queries, data.keys))
        weights, limits = np.where(mask, r["weights"], np.nan), (0.0, float(r["tops"][head].max()))
        heatmap(right, weights, f"Head {head}: weights, row asks column", rows, cols, limits)
        right.tick_params(axis="x", rotation=60 if len(data.keys) > 5 else 0)


def mosaic(heads: np.ndarray) -> np.ndarray:
    """Lay matrices (n_heads, n_q, n_k) out in rows, with empty lines between them."""
    n, n_q, n_k = heads.shape
    across = max(c for c in range(1, n + 1) if c <= np.ceil(np.sqrt(1.5 * n * n_q / n_k)))
    down = -(-n // across)
    result = np.full((down * (n_q + 1), across * (n_k + 1)), np.nan)
    for h, matrix in enumerate(heads):
        top, left = h // across * (n_q + 1), h % across * (n_k + 1)
        result[top : top + n_q, left : left + n_k] = matrix
    return result
