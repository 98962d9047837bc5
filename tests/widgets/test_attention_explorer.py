"""The attention explorer: its numbers in both languages, arrays of one's own, and what it says."""

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qkv_course.attention import attention, masked_attention
from qkv_course.errors import BadAnswer
from qkv_course.widgets import explore
from qkv_course.widgets.attention import HEADS, compute, describe, hashed, toy

from .test_twins import PLAIN, array

SENTENCES = [
    "The cat sat on the mat because it was tired",
    "one",
    "a a a a a a a a",
    "  Größe \t naïve\u00a0日本語 🐈‍⬛ the  the ",
    " ".join(f"w{i}" for i in range(24)),
]
HOLES = [[0, 0], [0, 1], [0, 2], [0, 3], [3, 1], [9, 9], [40, 2]]
VARIANTS: list[dict[str, Any]] = [
    *({"sentence": s, "d_k": d} for s in SENTENCES for d in (1, 17, 256)),
    *({"sentence": s, "mask": "causal", "colors": "all heads"} for s in SENTENCES),
    *({"mask": "padding", "padding": p, "heads": 3} for p in (0, 4, 64)),
    *({"mask": "drawn", "drawn": HOLES, "sentence": s, "colors": "each row"} for s in SENTENCES),
    {"mask": "drawn", "drawn": [[i, j] for i in range(4) for j in range(4)], "sentence": "a b c d"},
    {"heads": 96, "head": 95, "d_k": 255, "temperature": 0.1, "scale": False, "seed": 999_983},
    {"heads": 96, "d_k": 128, "sentence": SENTENCES[-1], "mask": "causal", "colors": "0 to 1"},
]


def same(answer: dict[str, Any], right: dict[str, Any], what: object) -> None:
    assert answer.keys() == right.keys()
    for key, value in right.items():
        np.testing.assert_allclose(
            array(answer[key]), value, rtol=1e-6, atol=1e-9, err_msg=f"{key} at {what}"
        )


def test_the_browser_computes_and_says_the_same_whatever_is_set(
    run_js: Callable[[str, str], Any],
) -> None:
    settings = [{**explore("attention").settings, **v} for v in VARIANTS]
    code = f"const answer = {json.dumps(settings)}.map((s) => {{ const r = compute(s);"
    answers = run_js("attention", f"{PLAIN}{code} return [written(r), describe(r, s)]; }});")
    for setting, (numbers, text) in zip(settings, answers, strict=True):
        same(numbers, compute(**setting), setting)
        assert text == describe(**setting)


def test_the_browser_computes_the_same_after_any_moves(run_js: Callable[[str, str], Any]) -> None:
    start = explore("attention").settings
    moves: list[dict[str, Any]] = [{"d_k": d} for d in (200, 3, 16, 15, 256, 32)]
    moves += [{"sentence": "The dog sat"}, {"seed": 5}, {"heads": 24}, {}, {"d_k": 255}]
    settings = [{**start, **move} for move in moves]
    answers = run_js(
        "attention",
        f"{PLAIN}const answer = {json.dumps(settings)}.map((s) => written(compute(s)));",
    )
    for setting, answer in zip(settings, answers, strict=True):
        same(answer, compute(**setting), setting)


def own(**given: Any) -> Any:
    return explore("attention", **given)


RANDOM = np.random.default_rng(0)
Q, K, V = (RANDOM.normal(size=(3, 5, d)) for d in (8, 8, 2))
FEW = RANDOM.normal(size=(3, 2, 8))
WEIGHTS = attention(Q, K, V)[1]
OWN: list[dict[str, Any]] = [
    {"q": Q, "k": K, "v": V, "mask": "causal", "head": 2},
    {"q": Q, "k": K, "tokens": "a b c d e", "temperature": 0.5, "scale": False},
    {
        "q": FEW,
        "k": K,
        "v": V,
        "mask": "causal",
        "query_tokens": ["x", "y"],
        "tokens": list("abcde"),
    },
    {"q": Q[0], "k": K[0], "mask": "drawn", "drawn": [[1, 2]]},
    {"weights": WEIGHTS, "head": 1, "colors": "all heads"},
    {"weights": WEIGHTS[0, :2], "tokens": ["a", "$", "`c`", "d", "e"]},
]


@pytest.mark.parametrize("given", OWN)
def test_arrays_of_ones_own_give_the_same_in_the_browser(
    given: dict[str, Any], run_js: Callable[[str, str], Any]
) -> None:
    widget = own(**given)
    arrays = {
        name: {**a, "data": base64.b64encode(a["data"]).decode()}
        for name, a in widget._own["arrays"].items()
    }
    sent = json.dumps({**widget._own, "arrays": arrays})
    code = f"""const sent = {sent};
    for (const a of Object.values(sent.arrays)) {{
      const bytes = Uint8Array.from(atob(a.data), (c) => c.charCodeAt(0));
      a.data = new DataView(bytes.buffer);
    }}
    const s = {json.dumps(widget.settings)}, own = ownData(sent), r = compute(s, own);
    const answer = [written(r), describe(r, s, own)];"""
    numbers, text = run_js("attention", PLAIN + code)
    same(numbers, widget.numbers(), given)
    assert text == widget.said() and str(widget).splitlines()[1] == text


def test_ones_own_numbers_are_attended_with() -> None:
    r = own(q=Q, k=K, v=V, head=1).numbers()
    context, weights = attention(Q, K, V)
    np.testing.assert_allclose(r["all_weights"], weights, atol=1e-6)
    np.testing.assert_allclose(r["context"], context[1], atol=1e-6)
    np.testing.assert_allclose(own(weights=WEIGHTS[2]).numbers()["weights"], WEIGHTS[2], atol=1e-6)


def test_only_the_settings_that_apply_are_there() -> None:
    assert list(own(q=Q, k=K).settings) == [
        *("temperature", "scale", "mask", "padding", "drawn", "head", "colors")
    ]
    assert list(own(weights=WEIGHTS).settings) == ["head", "colors"]


def test_a_tensor_of_torch_is_read_with_or_without_gradients() -> None:
    torch = pytest.importorskip("torch")
    q, k = torch.tensor(Q, requires_grad=True), torch.tensor(K).bfloat16()
    assert own(q=q, k=k).numbers()["q"].shape == (5, 8)


NAN = np.where(np.arange(8) == 3, np.nan, Q)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"q": Q}, "You gave q. Give q and k (and v, if you have it), or weights alone."),
        ({"q": Q, "k": K, "weights": WEIGHTS}, "You gave q and k and weights."),
        ({"q": Q[:2], "k": K}, "The numbers of heads differ: q (2, 5, 8), k (3, 5, 8)."),
        ({"q": Q[..., :4], "k": K}, "The last axes differ: q (3, 5, 4), k (3, 5, 8)."),
        ({"q": Q, "k": K, "v": V[:, :4]}, "Keys and values differ in number"),
        ({"q": Q[0, 0], "k": K}, "q has the shape (8,). It should be (n_heads, n_q, d_k), or"),
        ({"q": Q[np.newaxis], "k": K}, "for one head: try q[0]."),
        ({"q": Q[:, :0], "k": K}, "q has the shape (3, 0, 8)."),
        ({"q": NAN, "k": K}, "q[0, 0, 3] is nan. Give finite numbers."),
        ({"q": Q * 1e300, "k": K}, "is inf. Give finite numbers."),
        ({"q": [["a"]], "k": K}, "q holds <U1, not numbers."),
        ({"q": [[1.0], [1.0, 2.0]], "k": K}, "q cannot be read as an array (ValueError)."),
        ({"q": np.zeros((97, 2, 2)), "k": np.zeros((97, 2, 2))}, "These are 97 heads"),
        ({"weights": np.full((65, 65), 1 / 65)}, "These are 65 tokens"),
        (
            {"q": np.zeros((64, 64, 256)), "k": np.zeros((64, 64, 256))},
            "These are 2,097,152 numbers",
        ),
        ({"weights": Q @ np.swapaxes(K, -1, -2)}, "are these scores, before the softmax?"),
        ({"weights": 2 * WEIGHTS}, "weights[0, 0] sums to 2. Weights are 0 or more"),
        ({"weights": 2 * WEIGHTS}, "Or has a dropout changed them? eval() turns it off."),
        (
            {"q": Q, "k": K, "tokens": ["a", "b"]},
            "tokens has 2 names, and there are 5 keys: give 5.",
        ),
        ({"q": FEW, "k": K, "query_tokens": ["a"]}, "query_tokens has 1 names, and there are 2"),
        ({"q": Q, "k": K, "d_k": 3}, "'d_k' does not go with q and k of your own."),
        ({"weights": WEIGHTS, "mask": "causal"}, "These settings do: head, colors."),
        ({"tokens": ["a"]}, "give a sentence."),
        ({"sentence": " \n "}, "choose a text of 1 to 24 words, up to 400 characters."),
        ({"sentence": "a " * 25}, "choose a text of 1 to 24 words"),
        ({"sentence": "a" * 401}, "choose a text of 1 to 24 words"),
        ({"heads": 5}, "heads is 5; choose one of 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96."),
        ({"d_k": 257}, "d_k is 257; choose a whole number from 1 to 256."),
        ({"drawn": [[0]]}, "choose a list of hidden cells, such as [[0, 2], [1, 2]]: query, key."),
        ({"drawn": [[0, -1]]}, "choose a list of hidden cells"),
        ({"wieghts": WEIGHTS}, "has no setting 'wieghts'"),
        ({"mask": np.zeros((2, 2))}, "mask is an array of float64 with the shape (2, 2)."),
        ({"mask": np.ones((1, 2, 2), dtype=bool)}, "It should be bool, of shape (n_q, n_k)"),
        ({"mask": np.ones((3, 3), dtype=bool)}, "of shape (n_q, n_k), here (10, 10), True"),
        ({"q": FEW, "k": K, "mask": np.ones((5, 2), dtype=bool)}, "here (2, 5), True where"),
        ({"weights": (Q, WEIGHTS)}, "weights is a tuple of 2 arrays"),
        ({"weights": WEIGHTS, "tokens": 5}, "tokens is 5. Give 5 names"),
        ({"function": WEIGHTS}, "not a ndarray. Give arrays by their names: weights=..."),
    ],
)
def test_what_cannot_be_shown_is_answered_with_a_sentence(given: Any, sentence: str) -> None:
    with pytest.raises(BadAnswer) as error:
        own(**given)
    assert sentence in str(error.value)


def test_a_word_is_one_vector_wherever_it_stands() -> None:
    long, short = toy("the cat saw the dog", 4, 64, 0), toy("dog the", 4, 32, 0)
    for name in ("q", "k"):
        a, b = long.arrays[name], short.arrays[name]
        np.testing.assert_array_equal(a[:, 0], a[:, 3])
        np.testing.assert_array_equal(a[:, 4, :32], b[:, 0])
    q = toy("the The", 2, 64, 0).arrays["q"].reshape(4, 64)
    assert len(np.unique(q[:, 0])) == 4


def test_no_two_words_heads_or_seeds_share_a_hash() -> None:
    words = ["a", "b", "ab", "ba", "日", "🐈", *(f"w{i}" for i in range(200))]
    found = {hashed(word, seed, head) for word in words for seed in range(3) for head in range(96)}
    assert len(found) == len(words) * 3 * 96


def test_random_entries_are_normal_and_independent() -> None:
    data = toy(" ".join(f"w{i}" for i in range(24)), 96, 256, 0).arrays
    for name in ("q", "k"):
        assert abs(data[name].mean()) < 0.01 and data[name].std() == pytest.approx(1, abs=0.01)
    scores = data["q"] @ np.swapaxes(data["k"], -1, -2)
    assert scores.std() == pytest.approx(16, rel=0.02) and abs(scores.mean()) < 0.3


def test_the_mask_hides_what_it_says() -> None:
    kept = {**explore("attention").settings, "heads": 2}
    n = len(kept["sentence"].split())
    causal = compute(**{**kept, "mask": "causal"})
    assert (np.triu(causal["all_weights"], 1) == 0).all()
    np.testing.assert_allclose(causal["all_weights"].sum(axis=-1), 1)
    padded = compute(**{**kept, "mask": "padding", "padding": 3})
    assert (padded["all_weights"][..., n - 3 :] == 0).all() and padded["weights"][:, 0].all()
    drawn = compute(**{**kept, "mask": "drawn", "drawn": [[0, j] for j in range(n)] + [[2, 1]]})
    assert (drawn["weights"][0] == 0).all() and (drawn["context"][0] == 0).all()
    assert drawn["weights"][2, 1] == 0 and drawn["mask"].sum() == n * n - n - 1


def test_a_mask_can_be_an_array() -> None:
    mask = np.random.default_rng(1).random((5, 5)) > 0.4
    widget = explore("attention", masked_attention, q=Q, k=K, v=V, mask=mask)
    np.testing.assert_array_equal(widget.numbers()["mask"], mask)
    assert widget.settings["mask"] == "drawn" and widget._yours["kind"] == "agrees"


def test_a_mask_can_be_an_array_later_on_too() -> None:
    widget = explore("attention", sentence="a b c")
    for mask in (np.tri(3, dtype=bool), np.eye(3, dtype=bool)):
        widget.mask = mask
        np.testing.assert_array_equal(widget.numbers()["mask"], mask)
    with pytest.raises(BadAnswer, match=r"here \(3, 3\), True where a query may attend"):
        widget.mask = np.tri(4, dtype=bool)
    assert widget.mask == "drawn" and widget.numbers()["mask"].sum() == 3


def test_a_mask_can_be_a_tensor_of_torch() -> None:
    torch = pytest.importorskip("torch")
    mask = explore("attention", q=Q, k=K, mask=torch.ones(5, 5).tril() > 0).numbers()["mask"]
    np.testing.assert_array_equal(mask, np.tri(5, dtype=bool))


def masked_attention_causal_only(*args: Any) -> Any:
    q, k, v, _ = args
    return masked_attention(q, k, v, np.tri(len(q), len(k), dtype=bool))


masked_attention_causal_only.__name__ = "masked_attention"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mask": "causal"},
        {"scale": False, "temperature": 0.3, "head": 7},
        {"mask": "drawn", "drawn": [[0, j] for j in range(10)]},
        {"q": Q, "k": K, "v": V, "mask": "padding", "padding": 1, "temperature": 2.0},
    ],
)
def test_a_right_function_agrees_whatever_is_set(settings: dict[str, Any]) -> None:
    found = explore("attention", masked_attention, **settings)._yours
    assert found["kind"] == "agrees", found["text"]
    assert found["values"].keys() == {"context", "weights"}


def test_a_wrong_function_differs_where_its_mask_does() -> None:
    widget = explore("attention", masked_attention_causal_only, mask="causal")
    assert widget._yours["kind"] == "agrees"
    widget.mask = "padding"
    assert widget._yours["kind"] == "differs" and "`" in widget._yours["text"]
    assert "Yours differs" in str(widget)


def test_attention_without_a_mask_is_compared_where_nothing_is_hidden() -> None:
    widget = explore("attention", attention, temperature=2.0)
    assert widget._yours["kind"] == "agrees"
    widget.mask = "causal"
    assert "`attention` takes no mask" in str(widget)


def test_a_function_it_does_not_call_and_one_without_values_are_told_so() -> None:
    with pytest.raises(BadAnswer, match="calls masked_attention or attention, not sorted"):
        explore("attention", sorted)
    with pytest.raises(BadAnswer, match="needs q, k and v"):
        explore("attention", masked_attention, q=Q, k=K)
    with pytest.raises(BadAnswer, match="needs q, k and v"):
        explore("attention", masked_attention, weights=WEIGHTS)


def test_the_saved_state_is_small() -> None:
    assert len(json.dumps(explore("attention", heads=96).get_state())) < 50_000


def test_the_poster_takes_any_word_and_any_arrays(recwarn: pytest.WarningsRecorder) -> None:
    for widget in (
        own(sentence="日本 $x_ $y^ \\frac 🐈", heads=96, mask="causal"),
        own(sentence="one", heads=1, mask="padding", padding=1),
        *(own(**given) for given in OWN),
    ):
        assert (widget.poster() or b"").startswith(b"\x89PNG")
    assert not list(recwarn)


def test_every_number_of_heads_divides_the_features_of_a_small_model() -> None:
    assert HEADS == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96]
