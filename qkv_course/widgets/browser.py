"""Lesson 11's explorer: what the 72 heads of a pretrained model attend to in any sentence."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from qkv_course.analysis.words import grouped
from qkv_course.errors import BadText, QkvError
from qkv_course.widgets.base import Explorer, fixed, module, stylesheet
from qkv_course.widgets.browser_data import HEADS, LAYERS, MEASURES, Packed, read, stored

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RELATIONS: dict[str, dict[str, Any]] = stored()["relations"]


def units(reading: Packed, view: str, special: bool) -> list[tuple[str, list[int]]]:
    """List what stands on the pictures' axes: a name, and the tokens that belong to it."""
    last = len(reading.tokens) - 1
    inner = [(reading.tokens[i], [i]) for i in range(1, last)]
    if view == "words":
        pieces = [[i for i, of in enumerate(reading.word_of) if of == w] for w in range(last)]
        inner = list(zip(reading.words, pieces, strict=False))
    return [("[CLS]", [0]), *inner, ("[SEP]", [last])] if special else inner


def compute(
    sentence: str,
    layer: int,
    head: int,
    view: str,
    special: bool,
    grid: str,
    relation: str,
) -> dict[str, Any]:
    """Give what the pictures show. Raises BadText, and ModelUnavailable.

    Returns all_weights (72, n, n) between words or tokens, weights (n, n) of the chosen head,
    measures (5, 6, 12), and scores (6, 12): the share of a relation's pairs that a head finds.
    """
    reading = read(sentence)
    tokens = np.arange(len(reading.tokens))
    member = [np.isin(tokens, of) for _, of in units(reading, view, special)]
    weights = grouped(reading.weights / 255, np.array(member, dtype=float))
    return {
        "all_weights": weights,
        "weights": weights[layer * HEADS + head],
        "measures": reading.measures / 10_000,
        "scores": np.array(RELATIONS[relation]["right"]) / RELATIONS[relation]["n"],
    }


def describe(
    sentence: str,
    layer: int,
    head: int,
    view: str,
    special: bool,
    grid: str,
    relation: str,
) -> str:
    """Say where the chosen head attends most, apart from [CLS] and [SEP], and its measures."""
    r = compute(sentence, layer, head, view, special, grid, relation)
    names = [name for name, _ in units(read(sentence), view, False)]
    edge = int(special)
    inner = r["weights"][edge : edge + len(names), edge : edge + len(names)]
    i, j = np.argwhere(inner > inner.max() - 1e-9)[0]
    rows, on_cls, *near = (fixed(x) for x in r["measures"][:, layer, head])
    return (
        f"Layer {layer}, head {head}, counted from 0. Besides [CLS] and [SEP], the largest weight "
        f'is {fixed(inner[i, j])}, from "{names[i]}" to "{names[j]}". '
        f"Mean entropy of a token's weights: {rows} nats. Mean weight on [CLS]: {on_cls}, "
        f"on the previous token {near[0]}, on the next {near[1]}, on itself {near[2]}."
    )


def related(relation: str, layer: int, head: int) -> str:
    """Say how well the chosen head and the best one find a relation, beside the controls."""
    found = RELATIONS[relation]
    scores = np.array(found["right"]) / found["n"]
    row, column = np.unravel_index(scores.argmax(), scores.shape)
    held_out, offset, untrained, chance = (
        fixed(found[name]) for name in ("held_out", "offset", "untrained", "chance")
    )
    best = "the best of 72"
    if (row, column) != (layer, head):
        best = f"the best, layer {row}, head {column}, {fixed(scores.max())}"
    return (
        f"From {found['ends'][0]} to {found['ends'][1]}, {found['n']} pairs: "
        f"layer {layer}, head {head} finds {fixed(scores[layer, head])}; {best}. "
        f"Chosen on one half of the sentences, scored on the other: the best head {held_out}, "
        f"the best fixed distance {offset}, the best head of an untrained network {untrained}; "
        f"chance {chance}."
    )


def arrow(relation: str) -> str:
    """Name a relation in the direction in which the best head finds it."""
    return " → ".join(RELATIONS[relation]["ends"])


class BrowserExplorer(Explorer):
    """Type a sentence, and look at what each head of a pretrained model attends to in it.

    sentence: up to 24 words. layer, head: counted from 0. view: "words" or "tokens".
    special: with [CLS] and [SEP]. grid: what is shown of all heads. relation: whose scores.
    """

    title = "The 72 heads of all-MiniLM-L6-v2"
    invitation = "Run this cell to choose heads, and to let the model read sentences of yours."
    compute = staticmethod(compute)
    describe = staticmethod(describe)
    _esm = module("browser")
    _css = stylesheet("base", "browser")

    _reading = traitlets.Dict().tag(sync=True)

    sentence = traitlets.Unicode(stored()["sentence"]).tag(sync=True)
    layer = traitlets.Int(3, min=0, max=LAYERS - 1).tag(sync=True)
    head = traitlets.Int(1, min=0, max=HEADS - 1).tag(sync=True)
    view = traitlets.Enum(["words", "tokens"], "words").tag(sync=True)
    special = traitlets.Bool(True).tag(sync=True)
    grid = traitlets.Enum(["pictures", *MEASURES], "pictures").tag(sync=True)
    relation = traitlets.Enum(list(RELATIONS), next(iter(RELATIONS))).tag(sync=True)

    def __init__(self, function: Callable[..., Any] | None = None, **settings: Any) -> None:
        sent = _sent(settings.get("sentence", stored()["sentence"]))
        super().__init__(function, _reading=sent, **settings)
        self.on_msg(self._hear)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "sentence":
            return super().__setattr__(name, value)
        sent = _sent(value)
        with self.hold_sync():  # the browser gets both at once
            super().__setattr__(name, value)
            self._reading = sent

    def _hear(self, _widget: object, content: Mapping[str, Any], _buffers: object) -> None:
        """Read the sentence that somebody has typed; answer with what is wrong, or with ""."""
        try:
            self.sentence = content.get("ask", "")
        except QkvError as error:
            self.send({"fault": str(error)})
        else:
            self.send({"fault": ""})

    def said(self) -> str:
        """Say where the chosen head attends, and how well it does in the chosen relation."""
        return f"{describe(**self.settings)}\n{related(self.relation, self.layer, self.head)}"

    def draw(self, figure: "Figure") -> None:
        """Draw the relation's scores, and the chosen head with its words."""
        from qkv_course.widgets.poster import heatmap

        r, (left, right) = compute(**self.settings), figure.subplots(1, 2)
        heatmap(left, r["scores"], f"Share found: {arrow(self.relation)}", limits=(0, 1))
        left.set(xlabel="head", ylabel="layer")
        axes = units(read(self.sentence), self.view, self.special)
        names = [name.replace("$", r"\$") for name, _ in axes]
        title = f"Layer {self.layer}, head {self.head}: row attends to column"
        heatmap(right, r["weights"], title, names, names, (0.0, float(r["weights"].max())))
        right.tick_params(axis="x", rotation=60)


def _sent(sentence: Any) -> dict[str, Any]:
    """Give what the browser needs to know of a sentence: nothing of the stored one."""
    if not isinstance(sentence, str):
        raise BadText(f"sentence is of type {type(sentence).__name__}; give it as one text.")
    reading = read(sentence)
    return {} if sentence == stored()["sentence"] else reading.sent()
