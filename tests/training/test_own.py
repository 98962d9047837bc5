"""A language of one's own is trained on as the course's are."""

import pytest

from qkv_course.errors import BadAnswer
from qkv_course.languages import LATIN
from qkv_course.languages.slots import slots
from qkv_course.training.own import training_for

WORDS = [f"w{i}" for i in range(24)]


def test_a_head_for_each_field_reads_what_one_head_does_not() -> None:
    language = slots("mine", "from to via", WORDS, "please dear")
    one, three = (training_for(language, n, d_model=48, steps=200).train() for n in (1, 3))
    assert min(three.ablate([]).values()) > 0.9
    assert min(one.ablate([]).values()) < 0.7
    assert three.model.blocks[0].attention.n_heads == 3


def test_a_name_that_is_used_again_stands_for_the_new_language() -> None:
    first = training_for(slots("again", "from to", WORDS, "please"))
    second = training_for(slots("again", "old new", WORDS[:9], "dear"))
    assert first.history.features == ("from", "to")
    assert second.history.features == ("old", "new")
    assert second.passages.answers.max() == 8


def test_the_same_seed_gives_the_same_run() -> None:
    language = slots("seeded", "from to", WORDS, "please")
    one, again, other = (training_for(language, seed=s, steps=20).train() for s in (1, 1, 2))
    assert one.loss == again.loss != other.loss


def test_what_cannot_be_trained_on_is_refused() -> None:
    with pytest.raises(BadAnswer, match="language of the course"):
        training_for(LATIN)
    with pytest.raises(BadAnswer, match="so few passages"):
        training_for(slots("small", "from to", "Ann Ben", "please"))
    with pytest.raises(BadAnswer, match="make one with slots"):
        training_for("courier")  # type: ignore[arg-type]
