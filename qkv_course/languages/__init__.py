"""Little languages, made up word by word, so that the right answers are known."""

from qkv_course.errors import UnknownName
from qkv_course.languages.latin import LATIN
from qkv_course.languages.passages import Language, Passages
from qkv_course.languages.reviews import REVIEWS

__all__ = ["LATIN", "REVIEWS", "Language", "Passages", "language"]

LANGUAGES = {known.name: known for known in (LATIN, REVIEWS)}


def language(name: str) -> Language:
    """Give the language of this name: "latin" or "reviews".

    Raises UnknownName where there is none.
    """
    if name not in LANGUAGES:
        names = " and ".join(repr(known) for known in LANGUAGES)
        raise UnknownName(f"There is no little language {name!r}. There are {names}.")
    return LANGUAGES[name]
