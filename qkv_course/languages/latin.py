"""Latin in five words: four names in any order, each with the ending of its case, and a verb.

Who gives, whose, to whom and whom does not hang on the order, but on the ending: -us is the
nominative, -i the genitive, -o the dative, -um the accusative. Each case stands in every passage
once, on a name drawn from 64. Whoever reads the verb has to say all four names: four questions
at one position. A guess is right once in 64 times.

>>> drawn = draw(2, np.random.default_rng(0))
>>> for words, answers in zip(drawn.words, drawn.answers):
...     print(" ".join(LATIN.spelled(words)), "->", *LATIN.answered(answers).values())
Marco Ennium Spurius Plauti dat -> Spurius Plautus Marcus Ennius
Aemilium Fulvius Appio Anci dat -> Fulvius Ancus Appius Aemilius
"""

import numpy as np

from qkv_course.languages.passages import Language, Passages

CASES = ("nominative", "genitive", "dative", "accusative")
ENDINGS = ("us", "i", "o", "um")
VERB = "dat"
NAMES = """
    Acci Aemili Anc Antoni Appi Aul Brut Camill Cassi Catull Claudi Corneli Crass Curi Decim
    Domiti Duili Enni Fabi Fulvi Gai Gracch Horati Hostili Iuli Iuni Lepid Licini Livi Luci
    Lucreti Manli Marc Mari Metell Naevi Numeri Octavi Ovidi Papiri Plaut Plini Pompei Postumi
    Prob Properti Publi Quint Regul Romul Ruf Sergi Servi Sext Spuri Sulpici Tacit Tarquini
    Terenti Tiberi Tit Torquat Tulli Valeri
"""
STEMS = tuple(NAMES.split())
PIECES = (("", ""), (VERB, ""), *((stem, f"-{ending}") for ending in ENDINGS for stem in STEMS))
VOCABULARY = ("", VERB, *(stem + ending for ending in ENDINGS for stem in STEMS))
FIRST_NAME = 2


def draw(n: int, rng: np.random.Generator) -> Passages:
    """Draw n passages of four names and the verb."""
    names = rng.integers(len(STEMS), size=(n, len(CASES)))
    forms = FIRST_NAME + len(STEMS) * np.arange(len(CASES)) + names
    order = rng.random(forms.shape).argsort(axis=1)  # order[i, p]: the case that stands at p
    words = np.take_along_axis(forms, order, axis=1)
    verbs = np.full((n, 1), VOCABULARY.index(VERB))
    return Passages(np.hstack([words, verbs]), answers=names, roles=order.argsort(axis=1))


LATIN = Language(
    name="latin",
    vocabulary=VOCABULARY,
    length=len(CASES) + 1,
    features=CASES,
    classes=(tuple(stem + ENDINGS[0] for stem in STEMS),) * len(CASES),  # as a lexicon has them
    roles=CASES,
    draw=draw,
    pieces=PIECES,
)
