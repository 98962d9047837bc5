"""Lesson 13: a prediction about heads that learned nothing, and questions about evidence."""

from qkv_course.checks.question import Option, Question

QUESTIONS = (
    Question(
        "13-best-of-72",
        "A network with random weights has learned nothing. A guess among the words of a sentence "
        "is right about once in 11 times. You look for the head that is right most often on the "
        "sample's first 8 sentences. How often will the best of the 72 heads be right on these 8?",
        (
            Option(
                "Never, because it knows no words.",
                "Every row has a largest weight, and it falls on some word. Now and then that is "
                "the right one.",
            ),
            Option(
                "In about 1 of the 8, as a guess is.",
                "That is the average of all heads. You took the best of 72, after looking.",
            ),
            Option(
                "In 3 or 4 of them, or more.",
                "With 72 heads, one is lucky, or prefers the places where your words stand. "
                "On other sentences the luck is gone, and such a preference stays. So a head is "
                "scored on other sentences, beside a network that learned nothing.",
                right=True,
            ),
        ),
        prediction=True,
    ),
    Question(
        "13-chosen",
        "You labeled 20 sentences, took the head that is right most often, and report its share "
        "on these 20. What would a reader object to?",
        (
            Option(
                "The sentences that chose the head also score it.",
                "The best of many heads is partly lucky, and the luck is in the number. Let some "
                "sentences choose, and others score.",
                right=True,
            ),
            Option(
                "20 sentences are too few for any claim.",
                "That depends on the claim. 12 of 12 beside a control of 0.3 is a clear "
                "difference: the interval begins at 0.76.",
            ),
            Option(
                "The largest weight is too strict a measure.",
                "It is a plain one, and fair to all heads. A weaker one (more on A than on B) "
                "also praises heads whose weights are near zero.",
            ),
        ),
    ),
    Question(
        "13-few",
        "On five new sentences your head is right every time. The 95 % interval is 0.57 to 1. The "
        "best fixed distance is right in 0.60 of them. What can the card claim?",
        (
            Option(
                "That the head beats the distance: 1.00 is more than 0.60.",
                "In these five, yes. A head that is right in 0.60 of all sentences gets five of "
                "five about once in 13 times, and you looked at many heads.",
            ),
            Option(
                "That the head works by distance.",
                "The numbers do not show that either. Choose sentences in which the distance is "
                "wrong, and see what the head does.",
            ),
            Option(
                "Nothing yet: the interval holds the control.",
                "Label more sentences, best such in which the fixed distance is wrong. They tell "
                "the two apart fastest.",
                right=True,
            ),
        ),
    ),
    Question(
        "13-no-loss",
        "Your head looks at the right word in 11 of 12 sentences. You cut it, and the model does "
        "as well as before. What does that say?",
        (
            Option(
                "The measurement of where it looks was wrong.",
                "Both can be right. Where a head looks is one thing; whether anything hangs on it "
                "is another.",
            ),
            Option(
                "The model does not need this head alone for what you measured.",
                "Other heads may carry the same, or your measure does not ask for it. So claim "
                "where it looks, and no more. You could cut several heads together.",
                right=True,
            ),
            Option(
                "The head is useless, and could be left out.",
                "For this measure, on these sentences. It may matter elsewhere, and together with "
                "others that do the same.",
            ),
        ),
    ),
    Question(
        "13-none",
        "You load your own model with the transformers library. You call it with "
        "output_attentions=True, and there are no weights. Why?",
        (
            Option(
                "The model has no attention.",
                "Then it would not be a transformer. It has weights, but does not keep them.",
            ),
            Option(
                "It is in training mode.",
                "In training mode there are weights. Dropout changes them, so their rows do not "
                "sum to 1. Call model.eval() for that.",
            ),
            Option(
                "It runs a fused attention, which never holds the weights.",
                'Load it with attn_implementation="eager". It takes both: to ask for the weights, '
                "and an attention that has them.",
                right=True,
            ),
        ),
    ),
)
