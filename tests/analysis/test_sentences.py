"""The notation of labeled sentences: what it reads, and what it says when it cannot."""

import pytest

from qkv_course.analysis.sentences import (
    BadLabel,
    Pair,
    own_sentences,
    read_sentences,
    relations_of,
)

DOG = "The old dog saw the cat."


def test_a_line_gives_words_and_pairs_and_other_lines_are_passed_over() -> None:
    text = f"# a remark\n\n  {DOG} | adjective: old > dog | determiner: the > cat, The > dog\n"
    (sentence,) = read_sentences(text)
    assert sentence.text == DOG
    assert sentence.words == ("The", "old", "dog", "saw", "the", "cat", ".")
    assert sentence.pairs == (
        Pair("adjective", 1, 2),
        Pair("determiner", 4, 5),
        Pair("determiner", 0, 2),
    )


def test_a_number_says_which_of_equal_words_is_meant() -> None:
    (sentence,) = read_sentences("the cat and the dog | determiner: the.2 > dog, the.1 > cat")
    assert [(p.query, p.key) for p in sentence.pairs] == [(3, 4), (0, 1)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "There is no sentence here"),
        ("# only a remark", "There is no sentence here"),
        (DOG, "Line 1 has no label"),
        (f"{DOG} | ", "Line 1 has no label"),
        ("| adjective: old > dog", "has no sentence in front"),
        (f"{DOG} | old > dog", "is no label"),
        (f"{DOG} | adjective:", "is no label"),
        (f"{DOG} | adjective: old", "should be two words with > between"),
        (f"{DOG} | adjective: old > dog > cat", "should be two words with > between"),
        (f"{DOG} | adjective: old > dog,", "should be two words with > between"),
        (f"{DOG} | adjective: new > dog", "no word 'new'. Its words are: The old dog"),
        (f"{DOG} | adjective: old > Dog", "no word 'Dog'"),
        (f"{DOG} | adjective: dog > dog", "names one word twice"),
        (f"{DOG} | a: old > dog, old > dog", "has a label twice, a: old > dog"),
        ("the cat and the dog | d: the > dog", "'the' stands 2 times"),
        ("the cat and the dog | d: the.3 > dog", "there is no the.3"),
        ("the cat and the dog | d: the.0 > dog", "there is no the.0"),
        ("the cat and the dog | d: cat.2 > dog", "'cat' stands once"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_the_reason(line: str, said: str) -> None:
    with pytest.raises(BadLabel) as caught:
        read_sentences(line)
    assert said in str(caught.value)


def test_the_line_at_fault_is_counted_as_an_editor_counts_it() -> None:
    with pytest.raises(BadLabel, match=r"^Line 3:"):
        read_sentences(f"# remark\n{DOG} | adjective: old > dog\n{DOG} | adjective: old > hat")


@pytest.mark.parametrize("start", ["\n", "  \n", "\r\n"])
def test_an_empty_line_behind_the_opening_quotes_is_not_counted(start: str) -> None:
    with pytest.raises(BadLabel, match=r"^Line 2:"):
        read_sentences(f"{start}{DOG} | adjective: old > dog\n{DOG} | adjective: old > hat\n")


def test_the_pair_that_is_suggested_is_one_that_can_be_read() -> None:
    for text in (DOG, "the cat and the dog.", "Stop, stop!", "It is: 5."):
        with pytest.raises(BadLabel) as caught:
            read_sentences(f"{text} | r: only")
        label = str(caught.value).partition("as in: ")[2]
        known = text if label != "r: old > dog" else "The old dog"
        assert read_sentences(f"{known} | {label}")
        assert not set(label) & set(".,!")


@pytest.mark.parametrize("odd", [None, 3, [f"{DOG} | adjective: old > dog"]])
def test_sentences_that_are_no_text_are_refused(odd: object) -> None:
    with pytest.raises(BadLabel, match=f"of type {type(odd).__name__}; give them as one text"):
        read_sentences(odd)  # type: ignore[arg-type]


def test_the_own_sentences_label_seven_relations_often_enough_and_each_sentence_once() -> None:
    sentences = own_sentences()
    names = ["determiner", "adjective", "subject", "object", "pronoun", "sense", "negation"]
    assert relations_of(sentences) == names
    assert len({s.text for s in sentences}) == len(sentences) >= 130
    for name in names:
        assert sum(pair.relation == name for s in sentences for pair in s.pairs) >= 25


def test_no_fixed_distance_finds_most_of_the_own_pairs() -> None:
    for name in relations_of(own_sentences()):
        gaps = [p.key - p.query for s in own_sentences() for p in s.pairs if p.relation == name]
        most = max(gaps.count(gap) for gap in gaps)
        assert most / len(gaps) <= 0.7, name
