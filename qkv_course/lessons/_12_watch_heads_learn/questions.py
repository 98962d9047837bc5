"""Lesson 12's questions and predictions."""

from qkv_course.checks.question import Option, Question

QUESTIONS = (
    Question(
        "12-one-head",
        "A model with one head of 64 features is trained on this Latin, beside one with four heads "
        "of 16. Both have the same number of parameters. How many of the names does the one head "
        "read right in the end?",
        (
            Option(
                "All of them: 64 features are plenty.",
                "The features are not what is scarce. One row of weights makes one blend, and four "
                "names have to be told apart in it.",
            ),
            Option(
                "Clearly more than by guessing, and clearly fewer than four heads.",
                "It blends what it has to read in one row of weights, and the blend can be taken "
                "apart in part only.",
                right=True,
            ),
            Option(
                "One in 64: without four heads it can only guess.",
                "It can always look at one case and read that. This alone makes one name in four.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "12-which-head",
        "You train again with another seed. Which head will look at the dative now?",
        (
            Option(
                "The same one: the language is the same.",
                "Nothing in the language says which head. All heads are alike before training, but "
                "for their random first weights.",
            ),
            Option(
                "Another one, or several together.",
                "Heads differ at first only by chance, and training strengthens what is there. So "
                "you find a head by code, and never by its number.",
                right=True,
            ),
            Option(
                "The one whose W_Q is the largest.",
                "Sizes say nothing about which word it is. And large weights may turn up in a head "
                "that nothing depends on.",
            ),
        ),
    ),
    Question(
        "12-order",
        "Grammar, semantics and sentiment are trained together. Which of them will be read right "
        "first, and which last?",
        (
            Option(
                "Grammar first, semantics last.",
                "Grammar looks simple to us. But the subject has to be told from up to two other "
                "nouns, and only its place tells.",
            ),
            Option(
                "Sentiment first, grammar last.",
                "The adjective alone is right in two reviews of three. The rest needs two words "
                "together, and a negation may stand there that is not the adjective's.",
            ),
            Option(
                "Semantics first, sentiment last.",
                "A meaning hangs on two words that may stand anywhere, and no other word looks "
                "like them. Sentiment needs two words, and one of them may mislead.",
                right=True,
            ),
        ),
        prediction=True,
    ),
    Question(
        "12-reviews-one-head",
        "The same reviews, but one head of 64 features in each layer. How well will it read them?",
        (
            Option(
                "Sentiment will be lost: it has no head of its own.",
                "No head is reserved for anything. If one blend can hold what all three need, one "
                "head is enough.",
            ),
            Option(
                "Nearly as well as four heads, but no head can be cut for one feature alone.",
                "The three answers are of different kinds, so they can share one blend. But then "
                "no part of it belongs to one of them.",
                right=True,
            ),
            Option(
                "As badly as on Latin, for the same reason.",
                "Latin asks for four things of the same kind: names. Here, number, meaning and "
                "feeling use different features of the blend.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "12-map-or-cut",
        "A head puts 0.8 of its weight on the subject. Cut it off, and the number of the subject "
        "is read as well as before. What do you conclude?",
        (
            Option(
                "The cut was not done right.",
                "It could be checked. But this result is usual: other heads carry the same.",
            ),
            Option(
                "The head looks at the subject, and grammar does not depend on it.",
                "Both are measured, and both can be true. Another head may carry the same, or "
                "nobody uses what this one brings.",
                right=True,
            ),
            Option(
                "The head is for grammar, as its map shows.",
                "The map shows where it looks. What is lost without it is nothing, so grammar does "
                "not rest on it.",
            ),
            Option(
                "The head can be thrown away.",
                "For the number of the subject, alone, yes. You have not measured the other two "
                "features, nor what happens without two heads at once.",
            ),
        ),
    ),
    Question(
        "12-more-heads",
        "d_model stays at 64, and you go from 4 heads to 32. What changes?",
        (
            Option(
                "The model has eight times as many parameters.",
                "W_Q, W_K, W_V and W_O keep their sizes. Each head gets 2 features in place of 16.",
            ),
            Option(
                "The model is more accurate, as a rule.",
                "Where four heads are enough, there is nothing to gain. And with 2 features, a "
                "head's scores can tell few keys apart.",
            ),
            Option(
                "Each head is narrower, and its work is shared with others.",
                "Then no single head is missed when it is cut. It is harder to say what any of "
                "them is for.",
                right=True,
            ),
        ),
    ),
    Question(
        "12-loss",
        "You wrote an attention of your own. The loss falls smoothly, from 5.0 to 1.2. What does "
        "that show?",
        (
            Option(
                "Attention is right: a wrong one could not learn.",
                "A wrong one learns, too. The other weights adapt to what it does, as you have "
                "seen.",
            ),
            Option(
                "Something is learned. Attention may still be wrong.",
                "So compare it with known numbers, with test cases, and with a model that has the "
                "right one.",
                right=True,
            ),
            Option(
                "Nothing at all: losses always fall.",
                "It does show that gradients flow and that something in the data is found. It does "
                "not show that it is what you meant.",
            ),
        ),
    ),
)
