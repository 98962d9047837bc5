"""Lesson 11's questions and predictions."""

from qkv_course.checks.question import Option, Question

QUESTIONS: tuple[Question, ...] = (
    Question(
        "11-most",
        "A model with 72 heads reads: [CLS] The king told the actress that she left . [SEP]. "
        "Over all heads and words together, what gets the most attention?",
        (
            Option(
                "The verbs, told and left",
                "Verbs hold a sentence together, and some heads do look for them. But most heads "
                "have nothing to look for in most sentences, and their attention goes elsewhere.",
            ),
            Option(
                "The nouns, king and actress",
                "Nouns carry much of the meaning. Yet a row of weights has to sum to 1 even where "
                "a head finds nothing, and that part does not go to nouns.",
            ),
            Option(
                "Nothing in particular: all get about the same",
                "An average over so many heads might have come out even. It does not: one token "
                "has far more than its share.",
            ),
            Option(
                "[CLS], the mark at the start",
                "It is there in every sentence and says nothing about any. A head that finds "
                "nothing to look at can leave its attention there. It is called a sink.",
                right=True,
            ),
        ),
        prediction=True,
    ),
    Question(
        "11-first-token",
        "More than half of the attention in the middle layers goes to [CLS]. What does that tell "
        "about [CLS]?",
        (
            Option(
                "It is the most important word of the sentence.",
                "It is the same token in every sentence. Large weights on it are what is left "
                "over: softmax has to put a row's whole budget somewhere.",
            ),
            Option(
                "It is where a head puts what it has no use for.",
                "A row sums to 1 even where a head finds nothing. A token that is always there, "
                "with a value that changes little, is a good place for the rest.",
                right=True,
            ),
            Option(
                "It has gathered the whole sentence, so all read it.",
                "[CLS] may gather something. But the weights on it are large in layer 1 already, "
                "when it has looked at the words once. And this model's sentence vector is a mean "
                "over all tokens, not the vector of [CLS].",
            ),
        ),
    ),
    Question(
        "11-one-sentence",
        "In a heat map of one sentence, a head looks from she to actress. Someone concludes: this "
        "head finds whom pronouns stand for. What is missing most?",
        (
            Option(
                "The average of all the heads in the layer",
                "Heads look at different things. Their average washes out what each of them does.",
            ),
            Option(
                "A map with more colors, and the numbers in it",
                "A finer picture of one sentence is still one sentence. With 72 heads, some head "
                "is right in it by luck.",
            ),
            Option(
                "Many sentences, and rules that know no words",
                "Score it on sentences that did not choose it, beside the best fixed distance and "
                "a network with random weights. Only then is it more than a lucky picture.",
                right=True,
            ),
        ),
    ),
    Question(
        "11-arrow",
        "In each sentence, one word tells which bank is meant: river, loan and so on. You block "
        "one arrow in all layers and heads, the one from bank to this word. All other words may "
        "still look at it. How much of the difference between the two senses is left?",
        (
            Option(
                "Nearly all: the other words pass it on.",
                "They could: the word between might read river, and bank might read that word. "
                "In these sentences, hardly anything takes that detour.",
            ),
            Option(
                "About half of it",
                "Half would mean that the straight way and the detours carry the same. The table "
                "shows what the detours carry.",
            ),
            Option(
                "Nearly nothing: it came through this arrow.",
                "The sense goes straight from the word that settles it to the word that needs it. "
                "The opposite test speaks for it, too: block all other arrows to this word, and "
                "the difference stays.",
                right=True,
            ),
        ),
        prediction=True,
    ),
    Question(
        "11-mixtures",
        "In layer 5, bank puts a weight of 0.3 on river. What does it take from there?",
        (
            Option(
                "A value made of a vector that is a mixture by now",
                "After five layers, the vector at this place holds what its word has gathered from "
                "others. It is at the place of river, and no longer that word alone.",
                right=True,
            ),
            Option(
                "The word vector of river, times 0.3",
                "That is so in layer 0 at most. Later layers read what the layers before have made "
                "at this place. And what is taken is a value, x @ W_V, not x itself.",
            ),
            Option(
                "Three tenths of all that the model knows of river",
                "A head reads a value of 32 features, out of the 384 at this place. The weight "
                "says how much of that value comes into the blend.",
            ),
        ),
    ),
    Question(
        "11-cut",
        "The pronoun head is right nine times out of ten. Cut off, it moves the sentence vectors "
        "less than most of the heads in the last layer. What follows?",
        (
            Option(
                "Its scores were luck after all.",
                "They hold on new sentences, far above all controls. Where it looks is well "
                "established. What hangs on it is another question.",
            ),
            Option(
                "The model does not care whom a pronoun stands for.",
                "It may hold that in the vector of the pronoun, or find it in another way as well. "
                "A mean over all tokens is a coarse measure for it.",
            ),
            Option(
                "For this measure, little hangs on this head alone.",
                "Where a head looks, and what is lost without it, are two measurements. Other "
                "heads may do the same work, and another measure may show a loss.",
                right=True,
            ),
        ),
    ),
    Question(
        "11-explains",
        "A model calls a review negative, and its largest weight is on the word slow. Is that why?",
        (
            Option(
                "Yes: a weight says how much a word counted.",
                "It says how much of that word's value went into one blend. The value may be "
                "small, and later layers may ignore it.",
            ),
            Option(
                "Perhaps: take slow away, or block it, and see.",
                "A weight is a hint where to look. Whether the result hangs on it takes a test in "
                "which it is changed, with other changes to compare.",
                right=True,
            ),
            Option(
                "No: weights never say anything about a result.",
                "Too strong. In the sentences with bank, one arrow carried the sense, and blocking "
                "it showed that. Weights can matter; a map alone does not show whether they do.",
            ),
        ),
    ),
)
