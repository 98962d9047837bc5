"""Sentences from patterns, by the hundred, in which a word near by is the wrong one."""

from itertools import product

from qkv_course.analysis.sentences import Sentence, read_sentences

MEN = ("king", "actor", "waiter", "uncle", "monk", "prince")
WOMEN = ("queen", "actress", "waitress", "aunt", "nun", "princess")
TELLING = ("told the {} that {} was late.", "called the {} because {} needed help.")

SUBJECTS = (("key", "keys"), ("box", "boxes"), ("picture", "pictures"), ("lamp", "lamps"))
ATTRACTORS = (("cabinet", "cabinets"), ("door", "doors"), ("window", "windows"), ("bed", "beds"))
PLACES = ("near", "behind", "on", "below")


def pronoun_pairs() -> list[Sentence]:
    """Make sentences with a man, a woman, and a pronoun that can be only one of them.

    Each stands in both orders and with both pronouns, so that neither the nearer nor the first
    noun is right more than half of the time.
    """
    lines = []
    for man, woman, rest in product(MEN, WOMEN, TELLING):
        for first, second in ((man, woman), (woman, man)):
            for pronoun, right in (("he", man), ("she", woman)):
                text = f"The {first} {rest.format(second, pronoun)}"
                lines.append(f"{text} | pronoun: {pronoun} > {right}")
    return read_sentences("\n".join(lines))


def agreement_pairs() -> list[Sentence]:
    """Make sentences in which another noun stands between the subject and its verb.

    One of the two is singular and the other plural, so the verb's form says which is its subject.
    The nearest noun is never right.
    """
    lines = []
    for subject, attractor, place in product(SUBJECTS, ATTRACTORS, PLACES):
        for plural, verb in ((0, "is"), (1, "are")):
            noun = subject[plural]
            text = f"The {noun} {place} the {attractor[1 - plural]} {verb} very old."
            lines.append(f"{text} | subject: {noun} > {verb}")
    return read_sentences("\n".join(lines))
