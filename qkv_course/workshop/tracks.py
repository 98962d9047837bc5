"""Three tracks through the course: which parts of which lessons, with which breaks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A lesson, or some of it.

    write: the exercises that the room writes; None: all of them.
    leave_out: titles of sections that are skipped.
    """

    lesson: str
    write: tuple[str, ...] | None = None
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fixed:
    """Minutes that belong to no lesson: a welcome, a break, a close.

    rest: whether people leave their screens.
    """

    title: str
    minutes: int
    rest: bool = False


@dataclass(frozen=True)
class Cut:
    """What goes when time is short: one exercise, or one section that is shown.

    instead: what the room gets in its place.
    """

    lesson: str
    what: str
    instead: str


@dataclass(frozen=True)
class Track:
    """A workshop of a given length.

    minutes: how long a day is, from the first word to the last.
    why: the reasons for what is in it and what is not, a sentence or two each.
    cuts: in the order in which they hurt least.
    """

    name: str
    title: str
    minutes: int
    days: tuple[tuple[Part | Fixed, ...], ...]
    why: tuple[str, ...]
    cuts: tuple[Cut, ...]


SHORT_START = Part(
    "00_start_here",
    leave_out=(
        "Your function in the picture",
        "Break",
        "Explain",
        "What the course keeps",
        "Without pictures",
    ),
)

NINETY_MINUTES = Track(
    name="90-minutes",
    title="90 minutes: one formula",
    minutes=90,
    days=(
        (
            Fixed("Welcome, and how to ask for help", 5),
            SHORT_START,
            Part(
                "02_lookup",
                write=("soft_lookup",),
                leave_out=(
                    "What is wrong with one winner",
                    "From one winner to the average of all",
                    "Three things that surprise",
                    "Break",
                ),
            ),
            Fixed("Break", 5, rest=True),
            Part(
                "04_scores_and_scaling",
                write=("scaled_scores",),
                leave_out=(
                    "What it saves the next step from",
                    "Why exactly √d_k?",
                    "Break",
                    "Explain",
                ),
            ),
            Part(
                "06_context",
                write=("attention",),
                leave_out=(
                    "All blends at once",
                    "A sentence attends to itself",
                    "One word, two meanings",
                    "Words without an order",
                    "A vector for every place",
                    "Break",
                    "Explain",
                ),
            ),
            Fixed("What you built, where to go on, minute cards", 4),
        ),
    ),
    why=(
        "The room writes four functions: `dot`, `soft_lookup`, `scaled_scores` and `attention`. "
        "Together they are equation 1 of the paper, and everybody leaves with it working.",
        "Lesson 02 gets the most time. Whoever has blended lamps by a query needs few words "
        "about attention later.",
        "The softmax is given away here: `attention` may call the course's own. Making it safe "
        "is lesson 05, and a good thing to do at home.",
        "Lesson 03 is left out: queries, keys and values are given. Say so aloud, since somebody "
        "will ask where they come from.",
        "If the room is booked for two hours, open the door a quarter of an hour early for those "
        "whose set-up fails, and keep a quarter of an hour for what takes longer.",
    ),
    cuts=(
        Cut("04_scores_and_scaling", "Play", "Move the slider once, in front."),
        Cut("04_scores_and_scaling", "scaled_scores", "Write it in front; they dictate."),
        Cut("02_lookup", "Explain", "One vote in place of four."),
        Cut("02_lookup", "A table that knows only its own words", "Say it in one sentence."),
    ),
)

HALF_DAY = Track(
    name="half-day",
    title="Half a day: from a lookup to self-attention",
    minutes=240,
    days=(
        (
            Fixed("Welcome, names, how to ask for help", 10),
            Part("00_start_here", leave_out=("What the course keeps", "Without pictures")),
            Part("02_lookup", leave_out=("Three things that surprise",)),
            Fixed("Break", 10, rest=True),
            Part(
                "03_projections",
                write=("qkv",),
                leave_out=("How large?", "Another head, another question"),
            ),
            Part(
                "04_scores_and_scaling",
                write=("attention_scores", "scaled_scores"),
                leave_out=("Why exactly √d_k?",),
            ),
            Fixed("Break", 15, rest=True),
            Part(
                "05_softmax",
                write=("softmax",),
                leave_out=(
                    "Temperature",
                    "One number for the spread",
                    "How much can a weight still move?",
                    "What a large d_k does to it",
                    "A closer look: what arrives at W_Q",
                    "Two heads learn",
                ),
            ),
            Part(
                "06_context",
                write=("attention", "self_attention"),
                leave_out=("Words without an order", "A vector for every place"),
            ),
            Fixed("Break", 10, rest=True),
            Part(
                "08_many_heads",
                write=(),
                leave_out=(
                    "The size of a head",
                    "First, a loop",
                    "All heads at once: split",
                    "And back: merge",
                    "The round trip",
                    "Mix: W_O",
                    "The whole",
                    "Are more heads better?",
                    "Break",
                    "Explain",
                ),
            ),
            Fixed("What you built, where to go on, minute cards", 10),
        ),
    ),
    why=(
        "The arc is whole: what a lookup is, where queries, keys and values come from, scores, "
        "weights, context. Self-attention runs at the end, on the room's own functions.",
        "Of lesson 05 only the safe softmax is written. It is the exercise with the most named "
        "mistakes, and the one that people remember.",
        "Order and positions are left out, and so are masks. Both are short lessons to do alone.",
        "Lesson 08 is shown at the end, not written: one budget, two needs, and the explorer. It "
        "is the reason to come back.",
    ),
    cuts=(
        Cut("08_many_heads", "What heads are for", "Show the explorer, and leave the rest."),
        Cut("03_projections", "Why W_Q and W_K are two", "Say the take-away line."),
        Cut("02_lookup", "similarity", "Write it in front; they dictate."),
        Cut("04_scores_and_scaling", "What it saves the next step from", "Show the printed table."),
        Cut("05_softmax", "Explain", "One vote in place of three."),
        Cut("06_context", "self_attention", "Write it in front; they dictate."),
    ),
)

TWO_DAYS = Track(
    name="two-days",
    title="Two days: from a dot product to heads that learn",
    minutes=480,
    days=(
        (
            Fixed("Welcome, names, how to ask for help", 15),
            Part("00_start_here"),
            Fixed("Break", 10, rest=True),
            Part("01_from_recurrence_to_attention"),
            Fixed("Break", 15, rest=True),
            Part("02_lookup"),
            Part(
                "03_projections",
                write=("project", "qkv"),
                leave_out=("How large?", "Another head, another question"),
            ),
            Fixed("Lunch", 60, rest=True),
            Part("04_scores_and_scaling"),
            Part(
                "05_softmax",
                write=("softmax", "softmax_with_temperature", "entropy"),
                leave_out=(
                    "How much can a weight still move?",
                    "What a large d_k does to it",
                    "A closer look: what arrives at W_Q",
                    "Two heads learn",
                ),
            ),
            Fixed("Break", 15, rest=True),
            Part("06_context"),
            Fixed("Break", 10, rest=True),
            Part("07_masks"),
            Fixed("What you built, and minute cards", 10),
        ),
        (
            Fixed("What the minute cards said", 10),
            Part("08_many_heads"),
            Fixed("Break", 15, rest=True),
            Part("09_in_pytorch"),
            Fixed("Lunch", 60, rest=True),
            Part(
                "11_inside_a_real_transformer",
                write=("mean_entropy", "sink_mass", "head_accuracy", "best_head"),
                leave_out=(
                    "Rules that know no words",
                    "Sentences that a rule cannot win",
                    "What hangs on a head?",
                    "Your own attention inside",
                    "Close is not equal",
                    "Break",
                ),
            ),
            Fixed("Break", 15, rest=True),
            Part(
                "12_watch_heads_learn",
                leave_out=(
                    "Tiny reviews: grammar, semantics, sentiment",
                    "What are the heads for?",
                    "And with one head?",
                ),
            ),
            Fixed("Break", 15, rest=True),
            Part("13_your_own_heads"),
            Fixed("Break", 10, rest=True),
            Fixed("Swap cards, and grade them by the rubric", 30),
            Fixed("What you built, and minute cards", 15),
        ),
    ),
    why=(
        "Day one ends with masked attention in NumPy, written by everybody. Day two starts with "
        "many heads, goes to PyTorch, and ends with a claim about a head, tested by somebody else.",
        "Lesson 10, on costs, is left out: its exercises stand alone, and people do them well at "
        "home. The second half of lesson 05, on gradients, is left out for the same reason.",
        "Lesson 11 and 12 are cut to the arc that the project of lesson 13 needs: score a head, "
        "cut a head, choose a number of heads.",
        "Models train while the room waits. Say before lunch: run the first cells of lesson 11 "
        "now, so that the model is loaded when you come back.",
    ),
    cuts=(
        Cut("01_from_recurrence_to_attention", "rnn_states", "Show the solution, and the plot."),
        Cut("04_scores_and_scaling", "score_std", "Do it on the board, in three lines."),
        Cut("06_context", "sinusoidal_positions", "Show the picture of the positions."),
        Cut("07_masks", "What True means elsewhere", "One sentence: look it up each time."),
        Cut("08_many_heads", "Are more heads better?", "Say the take-away line."),
        Cut("09_in_pytorch", "load_torch_weights", "Show the solution."),
        Cut("11_inside_a_real_transformer", "sink_mass", "Show the column of [CLS]."),
        Cut("12_watch_heads_learn", "choose_heads", "Read the answer off the plot."),
    ),
)

TRACKS = {track.name: track for track in (NINETY_MINUTES, HALF_DAY, TWO_DAYS)}
