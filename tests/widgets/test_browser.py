"""The head browser: a model's weights in both languages, sentences of one's own, stored scores."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from qkv_course.analysis.words import grouped
from qkv_course.errors import BadAnswer, BadText, ModelUnavailable
from qkv_course.widgets import browser_data, explore
from qkv_course.widgets.browser import RELATIONS, compute, describe, related, units
from qkv_course.widgets.browser_data import HEADS, LAYERS, Packed, measures, packed, read, stored

from .test_twins import PLAIN, array

SENTENCES = [
    "Naïve grandmothers, unbelievably, knitted 3 jumpers!",
    "Yes",
    "  日本語 🐈 \t don't\nstop ",
    " ".join(f"w{i}" for i in range(10)),
]
LONGEST = " ".join(["music"] * 23 + ["unbelievably"])
READ = "(text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0))"


@pytest.fixture
def model() -> Any:
    try:
        return browser_data.model()
    except ModelUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def missing() -> Any:
        raise ModelUnavailable("The pretrained model is not installed.")

    read.cache_clear()
    monkeypatch.setattr(browser_data, "model", missing)
    yield
    read.cache_clear()


def written(reading: Packed) -> dict[str, Any]:
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in reading.sent().items()
    }


def answers_of(widget: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect what Python sends to the browser."""
    answers: list[Any] = []
    monkeypatch.setattr(type(widget), "send", lambda _, message: answers.append(message))
    return answers


def ask(widget: Any, sentence: str) -> None:
    widget._handle_custom_msg({"ask": sentence}, [])


def test_the_browser_shows_what_python_computes_for_any_sentence(
    model: Any, run_js: Callable[[str, str], Any]
) -> None:
    start = explore("browser").settings
    looks = [
        {"sentence": s, "view": view, "special": special, "layer": 5, "head": 11}
        for s in SENTENCES
        for view in ("words", "tokens")
        for special in (True, False)
    ]
    settings = [start | look for look in looks]
    pairs = json.dumps([[s, written(read(s["sentence"]))] for s in settings])
    code = f"const answer = {pairs}.map(([s, sent]) => {{ const data = withBytes(sent, {READ});"
    code += "const r = compute(s, data); return [written(r), describe(r, s, data)]; });"
    for setting, (numbers, text) in zip(settings, run_js("browser", PLAIN + code), strict=True):
        right = compute(**setting)
        assert numbers.keys() == right.keys()
        for name, value in right.items():
            np.testing.assert_allclose(array(numbers[name]), value, rtol=1e-6, atol=1e-9)
        assert text == describe(**setting)


def test_the_browser_says_the_same_of_every_relation(run_js: Callable[[str, str], Any]) -> None:
    start = explore("browser").settings
    settings = [start | {"relation": name, "layer": 2, "head": 8} for name in RELATIONS]
    code = f"const answer = {json.dumps(settings)}.map((s) => related(compute(s), s));"
    assert run_js("browser", code) == [related(name, 2, 8) for name in RELATIONS]


def test_words_get_the_sum_of_their_pieces_and_give_the_mean() -> None:
    weights = np.array([[0.2, 0.3, 0.5], [0.6, 0.0, 0.4], [0.1, 0.7, 0.2]])
    words = grouped(weights, np.array([[1.0, 0, 0], [0, 1, 1]]))
    np.testing.assert_allclose(words, [[0.2, 0.8], [0.35, 0.65]])


def test_weights_between_tokens_are_the_model_s_and_between_words_they_still_sum_to_one(
    model: Any,
) -> None:
    sentence = SENTENCES[0]
    reading = model.read(sentence)
    own = reading.weights[:, 0].reshape(LAYERS * HEADS, *reading.weights.shape[-2:])
    start = explore("browser").settings | {"sentence": sentence}
    tokens = compute(**(start | {"view": "tokens"}))["all_weights"]
    np.testing.assert_allclose(tokens, own, atol=0.002)
    words = compute(**start)["all_weights"]
    assert words.shape[-1] == len(reading.words[0]) + 2 < tokens.shape[-1]
    np.testing.assert_allclose(words.sum(axis=-1), 1, atol=0.02)
    inner = compute(**(start | {"special": False}))["all_weights"]
    np.testing.assert_allclose(inner, words[:, 1:-1, 1:-1], atol=1e-12)


def test_the_axes_are_named_as_typed_or_as_the_model_reads(model: Any) -> None:
    reading = read("Unbelievably, Ann!")
    assert [name for name, _ in units(reading, "words", True)] == [
        *("[CLS]", "Unbelievably", ",", "Ann", "!", "[SEP]"),
    ]
    tokens = units(reading, "tokens", False)
    assert tokens[0][0] == "un" and tokens[1][0].startswith("##") and tokens[-1][0] == "!"


def test_measures_by_hand() -> None:
    weights = np.zeros((LAYERS, HEADS, 3, 3))
    weights[...] = [[0.5, 0.5, 0.0], [0.25, 0.0, 0.75], [0.0, 0.0, 1.0]]
    found = measures(weights)[:, 5, 11]
    half, quarter = np.log(2), 0.25 * np.log(4) + 0.75 * np.log(4 / 3)
    expected = [(half + quarter) / 3, 0.25, 0.125, 0.625, 0.5]
    np.testing.assert_allclose(found, expected)


def test_measures_are_those_of_the_weights_before_rounding(model: Any) -> None:
    right = measures(model.read(SENTENCES[0]).weights[:, 0])
    shown = compute(**(explore("browser").settings | {"sentence": SENTENCES[0]}))["measures"]
    np.testing.assert_allclose(shown, right, atol=6e-5)


def test_the_stored_sentence_is_what_the_model_computes(model: Any) -> None:
    old, new = read(stored()["sentence"]), packed(stored()["sentence"])
    assert (old.tokens, old.words, old.word_of) == (new.tokens, new.words, new.word_of)
    assert np.abs(old.weights.astype(int) - new.weights).max() <= 1
    np.testing.assert_allclose(old.measures / 10_000, new.measures / 10_000, atol=1e-3)


@pytest.mark.parametrize(
    ("sentence", "says"),
    [
        ("", "has no words"),
        (" \n", "has no words"),
        ("a \ud800 b", "half of a character"),
        ("word " * 25, "has 25 words"),
        ("unbelievably " * 12, "tokens of this sentence"),
        (["two", "texts"], "give it as one text"),
        (None, "give it as one text"),
    ],
)
def test_a_sentence_that_cannot_be_shown_is_refused_and_changes_nothing(
    model: Any, sentence: Any, says: str
) -> None:
    widget = explore("browser", layer=1)
    before = widget.get_state()
    with pytest.raises(BadText, match=says):
        widget.sentence = sentence
    with pytest.raises(BadText, match=says):
        explore("browser", sentence=sentence)
    assert widget.get_state() == before


def test_a_typed_sentence_is_read_or_answered_with_what_is_wrong(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = explore("browser")
    answers = answers_of(widget, monkeypatch)
    ask(widget, "The dog slept")
    assert widget.sentence == "The dog slept" and widget._reading["words"] == [
        *("The", "dog", "slept"),
    ]
    ask(widget, "word " * 25)
    assert widget.sentence == "The dog slept"
    assert [answer["fault"][:20] for answer in answers] == ["", "The sentence has 25 "]


def test_back_at_the_first_sentence_nothing_needs_to_travel(model: Any) -> None:
    widget = explore("browser", sentence="The dog slept")
    assert widget._reading
    widget.sentence = stored()["sentence"]
    assert widget._reading == {}


def test_without_the_model_the_first_sentence_is_there_and_others_say_what_is_missing(
    no_model: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = explore("browser", layer=5, head=0, view="tokens")
    assert "Layer 5, head 0" in str(widget) and widget.poster()
    with pytest.raises(ModelUnavailable, match="not installed"):
        explore("browser", sentence="Another one")
    answers = answers_of(widget, monkeypatch)
    ask(widget, "Another one")
    assert answers == [{"fault": "The pretrained model is not installed."}]


def test_a_setting_out_of_range_is_told_the_range() -> None:
    with pytest.raises(BadAnswer, match="layer is 6; choose a whole number from 0 to 5"):
        explore("browser", layer=6)
    with pytest.raises(BadAnswer, match="relation is 'love'; choose one of"):
        explore("browser", relation="love")


def test_every_relation_has_counts_that_its_pairs_allow_and_names_its_best_head() -> None:
    for name, found in RELATIONS.items():
        right = np.array(found["right"])
        assert right.shape == (LAYERS, HEADS), name
        assert right.min() >= 0 and right.max() <= found["n"], name
        layer, head = (int(i) for i in np.unravel_index(right.argmax(), right.shape))
        assert "the best of 72" in related(name, layer, head)
        other = related(name, layer, (head + 1) % HEADS)
        assert f"the best, layer {layer}, head {head}, 0." in other and "the best of" not in other


def test_the_stored_scores_are_what_the_analysis_finds(model: Any) -> None:
    from qkv_course.widgets.browser_store import computed

    fresh = computed()["relations"]
    renew = "Renew them: python -m qkv_course.widgets.browser_store"
    assert list(fresh) == list(RELATIONS), renew
    for name, found in RELATIONS.items():
        new = fresh[name]
        assert (new["ends"], new["n"]) == (found["ends"], found["n"]), renew
        # Two weights of nearly one size may change places on another processor.
        assert np.abs(np.array(new["right"]) - found["right"]).max() <= 1, renew
        for control in ("held_out", "offset", "untrained", "chance"):
            assert new[control] == pytest.approx(found[control], abs=0.03), renew


def size(widget: Any) -> int:
    return len(json.dumps(widget.get_state(), default=lambda b: base64.b64encode(b).decode()))


def test_the_saved_state_is_small_and_bounded(model: Any) -> None:
    assert size(explore("browser")) <= 50_000
    assert size(explore("browser", sentence=LONGEST)) <= 160_000


def test_the_poster_takes_any_word(model: Any, recwarn: pytest.WarningsRecorder) -> None:
    for sentence in ("日本 $x_ $y^ \\frac 🐈", "one", LONGEST):
        for view in ("words", "tokens"):
            widget = explore("browser", sentence=sentence, view=view, special=False)
            assert (widget.poster() or b"").startswith(b"\x89PNG")
    assert not list(recwarn)


def test_the_first_sentence_opens_without_torch() -> None:
    code = "from qkv_course import explore; str(explore('browser')); import sys; "
    code += "print('torch' in sys.modules, 'matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.stdout.strip() == "False False", done.stderr
