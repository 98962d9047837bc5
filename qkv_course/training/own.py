"""Train on a language of your own."""

from qkv_course.errors import BadAnswer
from qkv_course.languages import LANGUAGES, Language
from qkv_course.training.recipes import passages
from qkv_course.training.run import Training

FEWEST = 1000  # passages to learn from, beside those that are held out


def training_for(
    language: Language, n_heads: int = 4, seed: int = 0, steps: int | None = None, d_model: int = 64
) -> Training:
    """Make a training on a language of your own, to be started with train().

    language: such as `slots` makes. Its name is not that of one of the course's languages.
    Returns a training of one layer of attention with n_heads. Raises BadAnswer.
    """
    if not isinstance(language, Language):
        raise BadAnswer(f"{language!r} is no language: make one with slots(...).")
    if language.name in LANGUAGES:
        raise BadAnswer(
            f"{language.name!r} is a language of the course: give yours a name of its own."
        )
    held_out, others = passages(language)
    if len(others) < FEWEST:
        raise BadAnswer(
            f"{language.name!r} has so few passages that almost all are among the "
            f"{len(held_out)} that are held out. Give it more words, more fields, or more filler."
        )
    return Training(language, n_heads=n_heads, seed=seed, steps=steps, d_model=d_model)
