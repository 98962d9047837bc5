"""Lesson 09: attention as a torch function and as a layer, and weights from torch's own layer."""

from qkv_course.checks.question import Option, Question
from qkv_course.lessons._09_in_pytorch.function import TORCH_ATTENTION
from qkv_course.lessons._09_in_pytorch.layer import MULTI_HEAD_ATTENTION
from qkv_course.lessons._09_in_pytorch.loading import LOAD_TORCH_WEIGHTS

EXERCISES = (TORCH_ATTENTION, MULTI_HEAD_ATTENTION, LOAD_TORCH_WEIGHTS)

QUESTIONS = (
    Question(
        "09-nan",
        "All keys of a query are hidden, and its weights come out of the softmax as nan. You put 0 "
        "in their place: weights.nan_to_num(0.0). What about the gradients of the queries?",
        (
            Option(
                "They are finite: the nan is gone.",
                "It is gone from the result. But the way back leads through the softmax, and what "
                "came out of that is still nan.",
            ),
            Option(
                "They are nan: on the way back it turns up again.",
                "It can. But masked_fill lets no gradient through where it has filled something, "
                "and in this row it has filled everything.",
            ),
            Option(
                "It depends on how the scores were hidden.",
                "An added -inf passes gradients on, and nan with them. A score that was filled "
                "passes on nothing.",
                right=True,
            ),
        ),
        prediction=True,
    ),
    Question(
        "09-called",
        "An nn.TransformerEncoderLayer keeps its attention in self_attn. You switch the layer to "
        "eval(), turn gradients off, and run it once. How often is self_attn called?",
        (
            Option(
                "Once: without it, there is no attention.",
                "Attention is computed all right. But here the layer reads the weights of "
                "self_attn, and gives them to one function that does everything.",
            ),
            Option(
                "Once for every head",
                "All heads are computed at once: they are an axis of the tensors. And even this "
                "one call is not made here.",
            ),
            Option(
                "Never: the layer has a shortcut.",
                "It reads the weights of self_attn, and one function does all of the layer's work. "
                "Whoever puts another attention there has to know.",
                right=True,
            ),
        ),
        prediction=True,
    ),
    Question(
        "09-linear",
        "w_q is a matrix of the earlier lessons, used as x @ w_q, and layer is nn.Linear(d_in, "
        "d_out). What do you copy into layer.weight, so that both compute the same?",
        (
            Option(
                "w_q",
                "For d_in = d_out this fits and computes x @ w_q.T, without an error. For other "
                "sizes the shapes differ.",
            ),
            Option(
                "w_q.T", "weight has the shape (d_out, d_in): a row for each output.", right=True
            ),
            Option(
                "w_q.reshape(d_out, d_in)",
                "The shape fits, the numbers do not: reshape leaves them in their order and breaks "
                "the rows elsewhere.",
            ),
        ),
    ),
    Question(
        "09-list",
        "Somebody writes self.layers = [nn.Linear(64, 64) for _ in range(4)] in __init__, and uses "
        "the four in forward. The outputs are as they should be. What goes wrong?",
        (
            Option(
                "The optimizer leaves them as they are.",
                "It is given layer.parameters(), and these four are not among them. They are "
                "missing from state_dict() as well, and so from every file. nn.ModuleList is the "
                "list that is seen.",
                right=True,
            ),
            Option(
                "backward() finds no gradients for them.",
                "It does: gradients follow the computation. But nobody uses them.",
            ),
            Option(
                "All four have the same weights.",
                "Each nn.Linear draws its own. [nn.Linear(64, 64)] * 4 would be one layer, four "
                "times.",
            ),
        ),
    ),
    Question(
        "09-cross",
        "A translation has 7 tokens so far, the text that it translates has 10. The translation "
        "asks the text. What do you call, and which shape do the weights of one head have?",
        (
            Option(
                "layer(text, translation): (10, 7)",
                "Here the text asks. The output has 10 rows, and the translation needs 7.",
            ),
            Option(
                "layer(translation, text): (7, 10)",
                "A row for each token that asks, a column for each that answers.",
                right=True,
            ),
            Option(
                "layer(translation, text): (7, 7)",
                "A score matrix has no need to be square. Keys and values come from the text, and "
                "that has 10 tokens.",
            ),
        ),
    ),
    Question(
        "09-no-grad",
        "To plot the weights, somebody has put `with torch.no_grad():` around the body of forward, "
        "and left it there. The model is trained further. What happens?",
        (
            Option(
                "Training stops with an error.",
                "Only if nothing else in the model has a gradient. If other layers come after this "
                "one, backward() has something to do and is content.",
            ),
            Option(
                "This layer learns nothing more, and nobody says so.",
                "No way back leads through it. The other layers still learn, so the loss may even "
                "fall.",
                right=True,
            ),
            Option(
                "Nothing: no_grad saves memory and time.",
                "It does, because what the way back needs is not kept.",
            ),
        ),
    ),
    Question(
        "09-sums",
        "You look at the weights of an nn.MultiheadAttention(64, 4, dropout=0.1). One row sums to "
        "1.08, another one to 0.92. What is the matter?",
        (
            Option(
                "It is in training mode.",
                "There, dropout sets some weights to 0 and makes the others larger. After eval() "
                "all rows sum to 1.",
                right=True,
            ),
            Option(
                "Its softmax goes along the wrong axis.",
                "A library's would not. And along another axis, rows could sum to anything, not "
                "only to something close to 1.",
            ),
            Option(
                "That is the rounding of float32.",
                "Rounding changes such a sum by about 0.0000001.",
            ),
        ),
    ),
)
