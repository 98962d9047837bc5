"""Lesson 10: operations and bytes, a cache, shared keys and values, and attention in blocks."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from qkv_course.attention import (
    attention,
    attention_flops,
    attention_scores,
    causal_mask,
    decode_step,
    grouped_query_attention,
    kv_cache_bytes,
    masked_attention,
    softmax,
    streaming_attention,
)
from qkv_course.checks.cases import BATCH_AXES
from qkv_course.checks.exercise import Case, Exercise, mistake
from qkv_course.checks.properties import inside_the_values, nonnegative, rows_sum_to_one
from qkv_course.checks.question import Option, Question
from qkv_course.lessons._10_what_it_costs.probes import with_memory

Array = np.ndarray
Pair = tuple[Array, Array]
Triple = tuple[Array, Array, Array]

# --- attention_flops ----------------------------------------------------------------------


def size_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Numbers of tokens and features: by hand, one of each, long and short sentences."""
    yield Case("two tokens, three features", (2, 3))
    yield Case("a single token", (1, 64))
    for _ in range(3):
        n, features = (int(size) for size in rng.integers(5, 400, size=2))
        yield Case("other sizes", (n, features))
    yield Case("all sizes equal", (8, 8))
    yield Case("a long text", (int(rng.integers(10_000, 99_000)), 4096))


@mistake("half of the operations", "Count both products, and in each of them both operations.")
def half_the_operations(n: int, d_model: int) -> int:
    """Either a multiplication and its addition count as one here, or one of the two matrix
    products is missing. Attention has two: q with the keys, and the weights with v."""
    return 2 * n**2 * d_model


@mistake("a quarter of the operations", "Count both products, and in each of them both operations.")
def quarter_of_the_operations(n: int, d_model: int) -> int:
    """This is one matrix product, with a multiplication and its addition counted as one.
    Attention has two products, and here every addition counts, too."""
    return n**2 * d_model


@mistake("a cost that grows with n, not with n²", "Count how many scores there are.")
def not_squared(n: int, d_model: int) -> int:
    """Each of the n queries meets each of the n keys. A text of twice the length has four times
    as many pairs."""
    return 4 * n * d_model


@mistake(
    "d_model squared in place of n", "Ask how long one dot product is, and how many there are."
)
def features_squared(n: int, d_model: int) -> int:
    """n · d² is what a projection costs, or a recurrent network. Attention makes n² dot products
    of d entries: n is squared."""
    return 4 * n * d_model**2


@mistake("n and d_model both squared", "Ask how long one dot product is, and how many there are.")
def both_squared(n: int, d_model: int) -> int:
    """Each of the n² scores is a dot product of d_model entries. The features are passed through
    once for each score, not d_model times."""
    return 4 * n**2 * d_model**2


@mistake("the projections counted, too", "Count q @ k.T and weights @ v only.")
def with_projections(n: int, d_model: int) -> int:
    """W_Q, W_K, W_V and W_O cost 2 · n · d² each. That is real work, and for short texts the
    larger part of it, but it is not counted here."""
    return 4 * n**2 * d_model + 8 * n * d_model**2


@mistake("three projections counted, too", "Count q @ k.T and weights @ v only.")
def with_three_projections(n: int, d_model: int) -> int:
    """W_Q, W_K and W_V cost 2 · n · d² each. That is real work, and for short texts the larger
    part of it, but it is not counted here."""
    return 4 * n**2 * d_model + 6 * n * d_model**2


@mistake("the pairs of a causal mask", "Count all pairs: no mask here.")
def causal_pairs(n: int, d_model: int) -> int:
    """With a causal mask, n (n + 1) / 2 of the n² pairs are allowed. Masks are not counted here,
    and a plain matrix product computes the forbidden scores as well."""
    return 2 * n * (n + 1) * d_model


@mistake("one addition too few in every dot product", "Count 2 * d operations for d entries.")
def exact_additions(n: int, d_model: int) -> int:
    """Adding up d products takes d − 1 additions, that is true. The usual way to count, and the
    stub's, is an addition for every multiplication: that is what the hardware does."""
    return n**2 * (2 * d_model - 1) + n * d_model * (2 * n - 1)


ATTENTION_FLOPS = Exercise(
    reference=attention_flops,
    points=1,
    cases=size_cases,
    results=("operations",),
    mistakes=(
        half_the_operations,
        quarter_of_the_operations,
        not_squared,
        features_squared,
        both_squared,
        with_projections,
        with_three_projections,
        causal_pairs,
        exact_additions,
    ),
    hints=(
        "How many scores are there, and how many operations does one of them take?",
        "q @ k.T has n * n entries, and each takes 2 * d_model operations. weights @ v has "
        "n * d_model entries, and each takes 2 * n. Add both.",
        "scores = n * n * ...\nblends = n * d_model * ...\nreturn scores + blends",
    ),
)


# --- kv_cache_bytes -----------------------------------------------------------------------


def cache_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Sizes of caches: by hand, other formats of numbers, many, and all sizes equal."""
    yield Case("five tokens, three layers", (5, 3, 2, 4))
    yield Case("float32", (5, 3, 2, 4, 4))
    yield Case("one byte for each value", (7, 2, 3, 8, 1))
    for width in (2, 4, 8):
        n, layers, heads, d_head = (int(size) for size in rng.integers(9, 99, size=4))
        yield Case("other sizes", (n, layers, heads, d_head, width))
    yield Case("all sizes equal", (4, 4, 4, 4, 4))
    yield Case("a large model, a long text", (int(rng.integers(10_000, 99_000)), 80, 8, 128))


@mistake("keys alone, without the values", "Count both: a key and a value for every token.")
def keys_only(n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2) -> int:
    """A new token scores the keys, and blends the values. Both are kept, so everything counts
    twice."""
    return n * n_layers * n_kv_heads * d_head * bytes_per_value


@mistake("bits in place of bytes", "Leave out the factor of 8.")
def in_bits(n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2) -> int:
    """A byte has 8 bits, and the answer is wanted in bytes. bytes_per_value is in bytes
    already."""
    return 8 * kv_cache_bytes(n, n_layers, n_kv_heads, d_head, bytes_per_value)


@mistake("the cache of one layer", "Count every layer: each has keys and values of its own.")
def one_layer(n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2) -> int:
    """Each layer projects its own input with its own matrices. No layer can use the keys of
    another one, so all of them are kept."""
    return kv_cache_bytes(n, 1, n_kv_heads, d_head, bytes_per_value)


@mistake("the cache of one head", "Count every head that has keys and values.")
def one_head(n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2) -> int:
    """Each of the n_kv_heads heads of a layer has its own key and value of d_head entries for
    every token."""
    return kv_cache_bytes(n, n_layers, 1, d_head, bytes_per_value)


@mistake("queries kept, too", "Count keys and values only.")
def queries_too(
    n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2
) -> int:
    """A query asks once, at its own step. No later token needs it again, so no cache keeps it."""
    return 3 * n * n_layers * n_kv_heads * d_head * bytes_per_value


@mistake("a matrix of n × n", "Count one key and one value for each token.")
def squared_tokens(
    n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2
) -> int:
    """The scores are n × n, but they are not kept. The cache has one key and one value for each
    token, so it grows with n."""
    return kv_cache_bytes(n**2, n_layers, n_kv_heads, d_head, bytes_per_value)


@mistake("values of 2 bytes, whatever they are", "Use bytes_per_value; 2 is only its default.")
def always_float16(
    n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2
) -> int:
    """float16 takes 2 bytes, float32 takes 4, and some caches use 1. The caller says which."""
    return kv_cache_bytes(n, n_layers, n_kv_heads, d_head)


@mistake("the number of values, not of bytes", "Multiply by the bytes that one value takes.")
def counted_values(
    n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2
) -> int:
    """So many numbers there are. Each of them takes bytes_per_value bytes."""
    return kv_cache_bytes(n, n_layers, n_kv_heads, d_head, 1)


@mistake("kibibytes in place of bytes", "Leave out the division.")
def in_kibibytes(
    n: int, n_layers: int, n_kv_heads: int, d_head: int, bytes_per_value: int = 2
) -> int:
    """Divided by 1024, this is in kibibytes, and rounded besides. The answer is wanted in
    bytes."""
    return kv_cache_bytes(n, n_layers, n_kv_heads, d_head, bytes_per_value) // 1024


KV_CACHE_BYTES = Exercise(
    reference=kv_cache_bytes,
    points=1,
    cases=cache_cases,
    results=("memory",),
    mistakes=(
        keys_only,
        in_bits,
        one_layer,
        one_head,
        queries_too,
        squared_tokens,
        always_float16,
        counted_values,
        in_kibibytes,
    ),
    hints=(
        "How many numbers does one token leave behind, in one head of one layer?",
        "A key and a value, d_head numbers each. Multiply by heads, layers, tokens, and the bytes "
        "of a number.",
        "return 2 * d_head * ...",
    ),
)


# --- decode_step --------------------------------------------------------------------------


def step_arrays(
    rng: np.random.Generator, lead: tuple[int, ...], t: int, d_k: int, d_v: int
) -> tuple[Array, ...]:
    """Draw a new token, and caches of t tokens."""
    shapes = ((1, d_k), (1, d_k), (1, d_v), (t, d_k), (t, d_v))
    return tuple(rng.normal(size=(*lead, *shape)) for shape in shapes)


def step_cases(rng: np.random.Generator) -> Iterator[Case]:
    """New tokens and caches: by hand, empty, of all shapes, one token old, and square."""
    q, k_new, v_new = np.array([[2.0, 0.0]]), np.array([[1.0, 0.0]]), np.array([[60.0, 0.0]])
    k_cache, v_cache = np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([[10.0, 0.0], [20.0, 40.0]])
    yield Case("two tokens before, by hand", (q, k_new, v_new, k_cache, v_cache))
    yield Case("the first token: both caches are empty", step_arrays(rng, (), 0, 3, 2))
    for group, lead in BATCH_AXES.items():
        for t in (4, 6):
            yield Case(group, step_arrays(rng, lead, t, 5, 3))
    yield Case("the first token of a batch", step_arrays(rng, (3,), 0, 4, 2))
    yield Case("one more", step_arrays(rng, (), 5, 4, 3)).as_float32()
    yield Case("read-only and not contiguous", step_arrays(rng, (), 5, 4, 3), awkward=True)
    for lead in ((), (4,)):
        yield Case("all sizes equal", step_arrays(rng, lead, 4, 4, 4))
    # Caches that grow along a batch axis have a fitting shape only here.
    for lead in ((1,), (2, 1)):
        yield Case("one token before, batches of one", step_arrays(rng, lead, 1, 3, 3))


def grown(cache: Array, new: Array) -> Array:
    """Add the new token at the end, as it should be."""
    return np.concatenate([cache, new], axis=-2)


@mistake("a token that does not see itself", "Put the new key and value in before you attend.")
def blind_to_itself(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Triple:
    """A causal mask lets every token see itself, and so must a step. Here the new key and value
    come into the caches only after the query has looked; the first token finds nothing at
    all."""
    context, _ = attention(q, k_cache, v_cache)
    return context, grown(k_cache, k_new), grown(v_cache, v_new)


@mistake("the newest token in front", "Put the caches first, the new token last.")
def newest_first(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Triple:
    """The context is right, because a sum has no order. But row i of a cache should be token i,
    or positions and masks will be applied to the wrong tokens later."""
    k_cache, v_cache = grown(k_new, k_cache), grown(v_new, v_cache)
    return attention(q, k_cache, v_cache)[0], k_cache, v_cache


@mistake("caches that grow along axis 0", "Count axes from the end: tokens are on axis -2.")
def along_axis_0(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Triple:
    """For one sentence, axis 0 is the tokens' axis. In a batch it is the sentences' axis, and the
    new tokens would become new sentences."""
    k_cache = np.concatenate([k_cache, k_new], axis=0)
    v_cache = np.concatenate([v_cache, v_new], axis=0)
    return attention(q, k_cache, v_cache)[0], k_cache, v_cache


@mistake("caches that grow along axis 1", "Count axes from the end: tokens are on axis -2.")
def along_axis_1(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Triple:
    """With one batch axis, axis 1 is the tokens' axis. Without a batch it is the features', and
    with two batch axes it is a batch axis."""
    k_cache = np.concatenate([k_cache, k_new], axis=1)
    v_cache = np.concatenate([v_cache, v_new], axis=1)
    return attention(q, k_cache, v_cache)[0], k_cache, v_cache


@mistake("the caches returned as they came", "Return the caches with the new token in them.")
def old_caches(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Triple:
    """The context is right, but the new token is forgotten at once. The next token would not find
    its key and value."""
    context, _ = attention(q, grown(k_cache, k_new), grown(v_cache, v_new))
    return context, k_cache, v_cache


@mistake("the newest token written over the last one", "Make new caches that are longer by one.")
def written_over(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Triple:
    """A token is lost with every step, and the caller's caches are changed. Each cache should
    have one row more than before."""
    k_cache[..., -1:, :] = k_new
    v_cache[..., -1:, :] = v_new
    return attention(q, k_cache, v_cache)[0], k_cache, v_cache


@mistake(
    "a causal mask that starts at key 0", "Leave the mask out: all that is cached is in the past."
)
def mask_at_top_left(
    q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array
) -> Triple:
    """The first row of a causal mask allows key 0 only. But this query is the last row, and may
    see all. torch's is_causal=True does the same when there is one query and many keys."""
    k_cache, v_cache = grown(k_cache, k_new), grown(v_cache, v_new)
    mask = causal_mask(k_cache.shape[-2])[:1]
    return masked_attention(q, k_cache, v_cache, mask)[0], k_cache, v_cache


@mistake("the query put into the cache", "Cache the new token's key.")
def query_cached(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Triple:
    """Later tokens will score against what is in the cache. That has to be the key: a query asks
    once, and is not needed again."""
    k_cache, v_cache = grown(k_cache, q), grown(v_cache, v_new)
    return attention(q, k_cache, v_cache)[0], k_cache, v_cache


@mistake("keys and values in each other's cache", "Put k_new with the keys, v_new with the values.")
def caches_swapped(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Triple:
    """Where keys and values have the same size, no error tells you that a value is among the
    keys."""
    k_cache, v_cache = grown(k_cache, v_new), grown(v_cache, k_new)
    return attention(q, k_cache, v_cache)[0], k_cache, v_cache


@mistake("a token that sees only itself", "Attend to the caches, with the new token in them.")
def itself_only(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Triple:
    """With one key there is one weight, and it is 1: the context is the token's own value. The
    caches are there to be looked at."""
    context, _ = attention(q, k_new, v_new)
    return context, grown(k_cache, k_new), grown(v_cache, v_new)


@mistake("context and weights returned as one result", "Take the context out of the pair first.")
def pair_returned(
    q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array
) -> tuple[Any, Array, Array]:
    """attention returns two things, (context, weights). The first of the three results should be
    the context alone."""
    k_cache, v_cache = grown(k_cache, k_new), grown(v_cache, v_new)
    return attention(q, k_cache, v_cache), k_cache, v_cache


@mistake("the results in another order", "Return the context first, then keys, then values.")
def context_last(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Triple:
    """All three are right. But whoever calls the function writes context, k_cache, v_cache = …,
    and would take one for the other."""
    context, k_cache, v_cache = decode_step(q, k_new, v_new, k_cache, v_cache)
    return k_cache, v_cache, context


@mistake("attention without scaling", "Divide the scores by √d_k, or call your attention.")
def step_not_scaled(q: Array, k_new: Array, v_new: Array, k_cache: Array, v_cache: Array) -> Triple:
    """A step computes what attention computes, for one query. So the scores are divided by √d_k
    here, too."""
    k_cache, v_cache = grown(k_cache, k_new), grown(v_cache, v_new)
    return softmax(attention_scores(q, k_cache)) @ v_cache, k_cache, v_cache


def keeps_all(args: tuple[Any, ...], value: Any) -> str | None:
    """The caches begin with what was in them, and end with the new token."""
    names = (("k_cache", value[1], args[3], args[1]), ("v_cache", value[2], args[4], args[2]))
    for name, cache, old, new in names:
        if not np.allclose(cache[..., :-1, :], old, rtol=1e-4):
            return f"The returned `{name}` should begin with all that was cached, in its old order."
        if not np.allclose(cache[..., -1:, :], new, rtol=1e-4):
            return f"The last row of the returned `{name}` should be the new token's."
    return None


DECODE_STEP = Exercise(
    reference=decode_step,
    points=2,
    cases=step_cases,
    results=("context", "k_cache", "v_cache"),
    mistakes=(
        blind_to_itself,
        newest_first,
        along_axis_0,
        along_axis_1,
        old_caches,
        written_over,
        mask_at_top_left,
        query_cached,
        caches_swapped,
        itself_only,
        pair_returned,
        context_last,
        step_not_scaled,
    ),
    properties=(keeps_all, inside_the_values(4, part=0)),
    hints=(
        "Which keys may the new token see, and where do you have them?",
        "np.concatenate puts the new key after the cached ones, along axis -2; the same for the "
        "values. Then call your attention with one query.",
        "k_cache = np.concatenate([..., ...], axis=-2)\n"
        "v_cache = ...\n"
        "context, _ = attention(...)\n"
        "return context, k_cache, v_cache",
    ),
)


# --- grouped_query_attention --------------------------------------------------------------


def head_arrays(
    rng: np.random.Generator, lead: tuple[int, ...], h: int, h_kv: int, n: tuple[int, int] = (3, 5)
) -> Triple:
    """Draw the queries of h heads, and the keys and values of h_kv heads."""
    q = rng.normal(size=(*lead, h, n[0], 4))
    k, v = rng.normal(size=(*lead, h_kv, n[1], 4)), rng.normal(size=(*lead, h_kv, n[1], 2))
    return q, k, v


def group_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Heads of queries, fewer of keys and values: by hand, all shapes, one for all, all alike."""
    q = np.array([[[2.0]], [[0.0]], [[1.0]], [[3.0]]])
    k = np.array([[[1.0], [0.0]], [[0.0], [2.0]]])
    v = np.array([[[10.0, 0.0], [20.0, 4.0]], [[50.0, 1.0], [90.0, 0.0]]])
    yield Case("four heads of queries, two of keys and values, by hand", (q, k, v))
    for group, lead in BATCH_AXES.items():
        yield Case(group, head_arrays(rng, lead, 6, 2))
        yield Case(group, head_arrays(rng, lead, 6, 3))
    for lead in ((), (2,)):
        yield Case("one head of keys and values for all", head_arrays(rng, lead, 4, 1))
        yield Case("as many of both", head_arrays(rng, lead, 3, 3))
    yield Case("one more", head_arrays(rng, (), 8, 2)).as_float32()
    yield Case("read-only and not contiguous", head_arrays(rng, (), 8, 2), awkward=True)
    for lead in ((), (4,)):
        q, k, v = rng.normal(size=(3, *lead, 4, 4, 4))
        pairs = slice(0, 4, 2)
        yield Case("all sizes equal", (q, k[..., pairs, :, :], v[..., pairs, :, :]))
    # Keys repeated along a batch axis have a fitting shape only here.
    for lead in ((1,), (2, 1)):
        yield Case("batches of one", head_arrays(rng, lead, 4, 1))
    yield Case("a single token", head_arrays(rng, (), 6, 3, n=(1, 1)))


def group_size(q: Array, k: Array) -> int:
    """Say how many query heads share a head of keys and values."""
    return q.shape[-3] // k.shape[-3]


@mistake("heads that take turns", "Let neighbors share: head i reads i // (h // h_kv).")
def taking_turns(q: Array, k: Array, v: Array) -> Pair:
    """The keys and values are laid out as 0, 1, 0, 1, as np.tile, torch's repeat or i % h_kv do.
    They should be 0, 0, 1, 1. In a trained model, most heads would read another group's keys."""
    reps = (group_size(q, k), 1, 1)
    return attention(q, np.tile(k, reps), np.tile(v, reps))


@mistake("the first head of keys and values for all", "Let every group read its own head.")
def first_for_all(q: Array, k: Array, v: Array) -> Pair:
    """That is right if there is only one head of keys and values. With more of them, the others
    are never read."""
    return attention(q, k[..., :1, :, :], v[..., :1, :, :])


@mistake("keys and values averaged over their heads", "Let every group read its own head.")
def averaged_heads(q: Array, k: Array, v: Array) -> Pair:
    """An average of heads is none of them. Averaging is a way to turn a trained model into one
    with fewer heads, before training goes on. In this function nothing is averaged."""
    return attention(q, k.mean(axis=-3, keepdims=True), v.mean(axis=-3, keepdims=True))


@mistake("the queries of each group averaged", "Keep all heads of queries.")
def averaged_queries(q: Array, k: Array, v: Array) -> Pair:
    """Only keys and values are shared. Every head still asks its own question, and returns its
    own context."""
    shape = (*q.shape[:-3], k.shape[-3], group_size(q, k), *q.shape[-2:])
    return attention(q.reshape(shape).mean(axis=-3), k, v)


@mistake("the contexts of each group averaged", "Return every head's own context and weights.")
def averaged_contexts(q: Array, k: Array, v: Array) -> Pair:
    """Each head has asked its own question and has its own answer. There are as many contexts as
    heads of queries."""

    def averaged(x: Array) -> Array:
        shape = (*x.shape[:-3], k.shape[-3], group_size(q, k), *x.shape[-2:])
        return np.asarray(x.reshape(shape).mean(axis=-3))

    context, weights = grouped_query_attention(q, k, v)
    return averaged(context), averaged(weights)


@mistake("tokens repeated in place of heads", "Repeat along the heads' axis, -3.")
def repeated_tokens(q: Array, k: Array, v: Array) -> Pair:
    """Axis -2 is the tokens. Every key is there several times then, and its weight is split up
    among them. The heads are on axis -3."""
    group = group_size(q, k)
    return attention(q, np.repeat(k, group, axis=-2), np.repeat(v, group, axis=-2))


@mistake("repeating along axis 0", "Count axes from the end: heads are on axis -3.")
def repeated_axis_0(q: Array, k: Array, v: Array) -> Pair:
    """For one sentence, axis 0 is the heads' axis. In a batch it is the sentences' axis, and the
    sentences would be repeated."""
    group = group_size(q, k)
    return attention(q, np.repeat(k, group, axis=0), np.repeat(v, group, axis=0))


@mistake("repeating along axis 1", "Count axes from the end: heads are on axis -3.")
def repeated_axis_1(q: Array, k: Array, v: Array) -> Pair:
    """With one batch axis, axis 1 is the heads' axis. Without a batch it is the tokens', and with
    two batch axes it is a batch axis."""
    group = group_size(q, k)
    return attention(q, np.repeat(k, group, axis=1), np.repeat(v, group, axis=1))


@mistake("the two results in the wrong order", "Return the context first, then the weights.")
def swapped_results(q: Array, k: Array, v: Array) -> Pair:
    """Both are right. But whoever calls the function writes context, weights = …, and would take
    one for the other."""
    context, weights = grouped_query_attention(q, k, v)
    return weights, context


@mistake("attention without scaling", "Divide the scores by √d_k, or call your attention.")
def groups_not_scaled(q: Array, k: Array, v: Array) -> Pair:
    """Sharing keys and values does not change the formula. The scores are divided by √d_k here,
    too."""
    group = group_size(q, k)
    weights = softmax(attention_scores(q, np.repeat(k, group, axis=-3)))
    return weights @ np.repeat(v, group, axis=-3), weights


@mistake("keys that are shared out, with values that take turns", "Repeat both in the same way.")
def values_taking_turns(q: Array, k: Array, v: Array) -> Pair:
    """The weights are right. But a head that scores the keys of one group must blend the values
    of that same group."""
    group = group_size(q, k)
    return attention(q, np.repeat(k, group, axis=-3), np.tile(v, (group, 1, 1)))


@mistake("right heads in another order", "Give head i of the result the answer of query head i.")
def heads_reordered(q: Array, k: Array, v: Array) -> Pair:
    """Every head has the right answer, but not at its own place. That happens when the groups are
    put back with their two axes swapped."""

    def reordered(x: Array) -> Array:
        shape = (*x.shape[:-3], k.shape[-3], group_size(q, k), *x.shape[-2:])
        return np.swapaxes(x.reshape(shape), -4, -3).reshape(x.shape)

    context, weights = grouped_query_attention(q, k, v)
    return reordered(context), reordered(weights)


GROUPED_QUERY_ATTENTION = Exercise(
    reference=grouped_query_attention,
    points=2,
    cases=group_cases,
    results=("context", "weights"),
    mistakes=(
        taking_turns,
        first_for_all,
        averaged_heads,
        averaged_queries,
        averaged_contexts,
        repeated_tokens,
        repeated_axis_0,
        repeated_axis_1,
        swapped_results,
        groups_not_scaled,
        values_taking_turns,
        heads_reordered,
    ),
    properties=(rows_sum_to_one(1), nonnegative(1)),
    hints=(
        "If every head of queries had keys and values at its own place, what would you call?",
        "h // h_kv neighbors share. np.repeat writes every head that often, one copy after the "
        "other, along axis -3. Do it to k and to v, then call your attention.",
        "group = q.shape[-3] // ...\nk = np.repeat(k, group, axis=...)\nv = ...\n"
        "return attention(q, k, v)",
    ),
)


# --- streaming_attention ------------------------------------------------------------------


def stream_arrays(
    rng: np.random.Generator, n_q: int, n_k: int, lead: tuple[int, ...] = (), d: int = 3
) -> Triple:
    """Draw queries, keys and values."""
    shapes = ((n_q, d), (n_k, d), (n_k, 2))
    q, k, v = (rng.normal(size=(*lead, *shape)) for shape in shapes)
    return q, k, v


def stream_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Queries, keys, values and blocks: by hand, extreme scores, all shapes, and large ones."""
    q, k = np.array([[2.0], [1.0]]), np.array([[0.0], [1.0], [2.0]])
    yield Case("two queries, three keys, by hand", (q, k, np.array([[10.0], [20.0], [60.0]]), 2))
    yield from hard_cases(float(rng.integers(1000, 4000)))
    for group, lead in BATCH_AXES.items():
        yield Case(group, (*stream_arrays(rng, 4, 7, lead), 3))
        yield Case(group, (*stream_arrays(rng, 4, 7, lead), 2))
    yield Case("blocks that come out even", (*stream_arrays(rng, 3, 6), 2))
    yield Case("one key in each block", (*stream_arrays(rng, 3, 5), 1))
    yield Case("all keys in one block", (*stream_arrays(rng, 3, 4), 4))
    yield Case("a block larger than all keys", (*stream_arrays(rng, 3, 4), 9))
    yield Case("one more", (*stream_arrays(rng, 5, 8), 3)).as_float32()
    yield Case("read-only and not contiguous", (*stream_arrays(rng, 5, 8), 3), awkward=True)
    for lead in ((), (4,)):
        q, k, v = rng.normal(size=(3, *lead, 4, 4))
        yield Case("all sizes equal", (q, k, v, 4))
    yield Case("a single query and a single key", (*stream_arrays(rng, 1, 1), 1))
    # Large enough to see in the memory whether all scores are held: a right way that also keeps
    # something of each block, or copies of the inputs, stays well below.
    yield Case("many queries, fewer keys", (*many(rng, 160, 130), 7))
    yield Case("many keys, fewer queries", (*many(rng, 75, 450), 13)).as_float32()


def many(rng: np.random.Generator, n_q: int, n_k: int) -> Triple:
    """Draw so many queries and keys that all their scores take far more memory than they do."""
    return rng.normal(size=(n_q, 2)), rng.normal(size=(n_k, 2)), rng.normal(size=(n_k, 1))


def hard_cases(large: float) -> Iterator[Case]:
    """Scores that need a running maximum, of each query's own."""
    v = np.array([[10.0], [20.0], [60.0]])
    k = np.array([[2.0], [2.0 + 1 / large], [2.0]])
    yield Case("very high and very low scores", (np.array([[large], [-large]]), k, v, 2))
    yield Case("all scores far below zero", (np.array([[-large], [-2 * large]]), k, v, 1))
    q, k = np.array([[1.0], [2.0]]), np.array([[large], [0.0], [-large], [-large - 1]])
    v = np.array([[10.0], [20.0], [60.0], [90.0]])
    yield Case("a first block that fits far better", (q, k, v, 2))
    yield Case("a last block that fits far better", (q, k[::-1], v, 2))


Step = Callable[[Array, Array, Array, Array, Array], Triple]


def blocks_of(q: Array, k: Array, v: Array, block: int) -> Iterator[Pair]:
    """Give the scaled scores of one block of keys after the other, with the block's values."""
    q = q / math.sqrt(q.shape[-1])
    for start in range(0, k.shape[-2], block):
        keys, values = k[..., start : start + block, :], v[..., start : start + block, :]
        yield q @ np.swapaxes(keys, -1, -2), values


def folded(q: Array, k: Array, v: Array, block: int, step: Step, lowest: float = -np.inf) -> Pair:
    """Go through all blocks, with a step of one's own; give the total and the blend."""
    largest = np.full((*q.shape[:-1], 1), lowest, dtype=q.dtype)
    total, blend = np.zeros_like(largest), np.zeros((*q.shape[:-1], v.shape[-1]), dtype=q.dtype)
    for scores, values in blocks_of(q, k, v, block):
        largest, total, blend = step(scores, values, largest, total, blend)
    return total, blend


def by_steps(
    q: Array, k: Array, v: Array, block: int, step: Step, lowest: float = -np.inf
) -> Array:
    """Run an online softmax over blocks of keys, with a step of one's own."""
    total, blend = folded(q, k, v, block, step, lowest)
    return np.asarray(blend / total)


def right_step(scores: Array, values: Array, largest: Array, total: Array, blend: Array) -> Triple:
    """Take in a block of scores, as it should be."""
    new = np.maximum(largest, scores.max(axis=-1, keepdims=True))
    exps, shrink = np.exp(scores - new), np.exp(largest - new)
    total = total * shrink + exps.sum(axis=-1, keepdims=True)
    return new, total, blend * shrink + exps @ values


@mistake("a total that is not rescaled", "Multiply the old total by the same factor as the blend.")
def total_not_rescaled(q: Array, k: Array, v: Array, block: int) -> Array:
    """When a larger score comes, all exps from before are too large, by one factor. The blend was
    corrected for that, the total was not."""

    def step(scores: Array, values: Array, largest: Array, total: Array, blend: Array) -> Triple:
        new, _, blended = right_step(scores, values, largest, total, blend)
        return new, total + np.exp(scores - new).sum(axis=-1, keepdims=True), blended

    return by_steps(q, k, v, block, step)


@mistake("a blend that is not rescaled", "Multiply the old blend by the same factor as the total.")
def blend_not_rescaled(q: Array, k: Array, v: Array, block: int) -> Array:
    """When a larger score comes, all exps from before are too large, by one factor. The total was
    corrected for that, the blend was not."""

    def step(scores: Array, values: Array, largest: Array, total: Array, blend: Array) -> Triple:
        new, summed, _ = right_step(scores, values, largest, total, blend)
        return new, summed, blend + np.exp(scores - new) @ values

    return by_steps(q, k, v, block, step)


@mistake("a new maximum, and nothing rescaled", "Shrink the old total and blend when it changes.")
def nothing_rescaled(q: Array, k: Array, v: Array, block: int) -> Array:
    """The exps of earlier blocks were taken relative to an older, smaller maximum. They have to
    shrink by exp(old − new) before new ones are added. If the old maximum is overwritten first,
    that factor is always 1."""

    def step(scores: Array, values: Array, largest: Array, total: Array, blend: Array) -> Triple:
        new = np.maximum(largest, scores.max(axis=-1, keepdims=True))
        exps = np.exp(scores - new)
        return new, total + exps.sum(axis=-1, keepdims=True), blend + exps @ values

    return by_steps(q, k, v, block, step)


@mistake("every block relative to its own maximum", "Keep one running maximum for all blocks.")
def own_maxima(q: Array, k: Array, v: Array, block: int) -> Array:
    """Each block's largest score becomes exp(0) = 1, however high or low it is. So a block of
    keys that hardly fit counts as much as the best one."""

    def step(scores: Array, values: Array, largest: Array, total: Array, blend: Array) -> Triple:
        exps = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return largest, total + exps.sum(axis=-1, keepdims=True), blend + exps @ values

    return by_steps(q, k, v, block, step)


@mistake("a maximum that forgets earlier blocks", "Keep the larger one of the old and the block's.")
def block_maximum(q: Array, k: Array, v: Array, block: int) -> Array:
    """Rescaled to the maximum of the latest block, the sums are right as long as they stay small.
    But if that block has low scores only, the factor exp(old − new) overflows."""

    def step(scores: Array, values: Array, largest: Array, total: Array, blend: Array) -> Triple:
        new = scores.max(axis=-1, keepdims=True)
        exps, factor = np.exp(scores - new), np.exp(largest - new)
        total = total * factor + exps.sum(axis=-1, keepdims=True)
        return new, total, blend * factor + exps @ values

    return by_steps(q, k, v, block, step)


@mistake("an exp that overflows", "Take the largest score so far off before exp.")
def no_maximum(q: Array, k: Array, v: Array, block: int) -> Array:
    """Without a maximum nothing needs rescaling, and for moderate scores all is well. But exp of
    a score above 709.78 is infinity, and exp far below zero is 0: the result is nan."""

    def step(scores: Array, values: Array, largest: Array, total: Array, blend: Array) -> Triple:
        exps = np.exp(scores)
        return largest, total + exps.sum(axis=-1, keepdims=True), blend + exps @ values

    return by_steps(q, k, v, block, step)


@mistake("a running maximum that starts at 0", "Start it at minus infinity.")
def starts_at_zero(q: Array, k: Array, v: Array, block: int) -> Array:
    """If all scores of a query are far below zero, the maximum stays 0, every exp is rounded to 0,
    and 0 is divided by 0. Minus infinity is below every score, and exp(−inf) is 0."""
    return by_steps(q, k, v, block, right_step, lowest=0.0)


@mistake("one maximum for all queries", "Take the maximum along the last axis, for each query.")
def common_maximum(q: Array, k: Array, v: Array, block: int) -> Array:
    """Every query has scores of its own. Relative to another query's high scores, all exps of a
    query with low ones are rounded to 0."""

    def step(scores: Array, values: Array, largest: Array, total: Array, blend: Array) -> Triple:
        new = np.maximum(largest, scores.max())
        exps, shrink = np.exp(scores - new), np.exp(largest - new)
        total = total * shrink + exps.sum(axis=-1, keepdims=True)
        return new, total, blend * shrink + exps @ values

    return by_steps(q, k, v, block, step)


@mistake("a last, smaller block that is left out", "Let the blocks start at 0, block, … below n_k.")
def last_block_dropped(q: Array, k: Array, v: Array, block: int) -> Array:
    """n_k // block counts the full blocks only. If block does not divide n_k, some keys are left,
    and if block is larger than n_k, these are all there are."""
    full = k.shape[-2] // block * block
    return by_steps(q, k[..., :full, :], v[..., :full, :], block, right_step)


@mistake(
    "a last, smaller block that is left out, also where it is the only one",
    "Let the blocks start at 0, block, … below n_k.",
)
def only_block_dropped(q: Array, k: Array, v: Array, block: int) -> Array:
    """n_k // block counts the full blocks only. If block does not divide n_k, some keys are left.
    If it is larger than n_k, no block is looked at, and 0.0 is divided by 0.0."""
    if block > k.shape[-2]:
        raise ZeroDivisionError("float division by zero")
    return last_block_dropped.broken(q, k, v, block)


@mistake(
    "a first block that comes out as nan", "Print the factor of the first block: it should be 0."
)
def first_factor_infinite(q: Array, k: Array, v: Array, block: int) -> Array:
    """Before the first block, largest is minus infinity, so exp(old − new) is 0, and the empty
    sums stay 0. The other way around, exp(new − old) is infinity, and infinity times 0 is nan."""

    def step(scores: Array, values: Array, largest: Array, total: Array, blend: Array) -> Triple:
        new = np.maximum(largest, scores.max(axis=-1, keepdims=True))
        exps, grow = np.exp(scores - new), np.exp(new - largest)
        return new, total * grow + exps.sum(axis=-1, keepdims=True), blend * grow + exps @ values

    return by_steps(q, k, v, block, step)


@mistake("a blend that is divided in every round", "Divide once, after the last block.")
def divided_in_the_loop(q: Array, k: Array, v: Array, block: int) -> Array:
    """The total is not complete before the last block. Divided in every round, the blend of early
    blocks is divided again and again."""

    def step(scores: Array, values: Array, largest: Array, total: Array, blend: Array) -> Triple:
        new, total, blend = right_step(scores, values, largest, total, blend)
        return new, total, blend / total

    return folded(q, k, v, block, step)[1]


@mistake("each block divided by the total so far", "Divide once, after the last block.")
def parts_divided(q: Array, k: Array, v: Array, block: int) -> Array:
    """The first block is divided by its own total only, the last one by the total of all. They
    need the same: the total that is known at the end."""

    def step(scores: Array, values: Array, largest: Array, total: Array, blend: Array) -> Triple:
        new, total, _ = right_step(scores, values, largest, total, blend)
        part = np.exp(scores - new) @ values / total
        return new, total, blend * np.exp(largest - new) + part

    return folded(q, k, v, block, step)[1]


@mistake("a blend without its division", "Divide the blend by the total, after the last block.")
def never_divided(q: Array, k: Array, v: Array, block: int) -> Array:
    """exps are no weights yet: they sum to the total, not to 1. One division at the end makes a
    budget of 1 of them."""
    return folded(q, k, v, block, right_step)[1]


@mistake("attention without scaling", "Divide by √d_k, the scores or the queries.")
def stream_not_scaled(q: Array, k: Array, v: Array, block: int) -> Array:
    """It is the same attention, in another order of work. The scores are divided by √d_k here,
    too."""
    return streaming_attention(q * math.sqrt(q.shape[-1]), k, v, block)


@mistake("a softmax for each block, and the average of all", "Let all blocks share one budget.")
def blocks_averaged(q: Array, k: Array, v: Array, block: int) -> Array:
    """Each block gets an equal say here, also one of keys that do not fit, or one with a single
    key. A query has one budget, for all keys of all blocks."""
    parts = [softmax(scores) @ values for scores, values in blocks_of(q, k, v, block)]
    return np.asarray(sum(parts) / np.asarray(len(parts), dtype=q.dtype))


@mistake("a softmax for each block, all added up", "Let all blocks share one budget.")
def blocks_added(q: Array, k: Array, v: Array, block: int) -> Array:
    """Each block spends a budget of 1 here, so the weights of three blocks sum to 3. A query has
    one budget, for all keys of all blocks."""
    return np.asarray(sum(softmax(scores) @ values for scores, values in blocks_of(q, k, v, block)))


@mistake("all scores held at once", "Keep a maximum, a total and a blend, and let the block go.")
def all_scores_held(q: Array, k: Array, v: Array, block: int) -> Array:
    """The context is right. But while it was made, n_q × n_k scores were in memory, in one matrix
    or as a list of all blocks. They are what should be saved: use a block, then forget it."""
    return attention(q, k, v)[0]


@mistake("right results, with the caller's queries overwritten", "Make a new array: `q / x`.")
def queries_overwritten(q: Array, k: Array, v: Array, block: int) -> Array:
    """Dividing the queries once is a good idea. But /= writes into the array that was passed in,
    and a second call would divide it again."""
    context = streaming_attention(q, k, v, block)
    q /= math.sqrt(q.shape[-1])
    return context


def held_little(_args: tuple[Any, ...], value: Any) -> str | None:
    """Never as much memory as all scores take."""
    if not value[1]:
        return None
    return (
        "While your function ran, the memory in use grew by as much as all n_q × n_k scores take."
    )


STREAMING_ATTENTION = Exercise(
    reference=streaming_attention,
    points=3,
    cases=stream_cases,
    results=("context", "whole score matrices held at once"),
    returned=1,
    if_measured="Keep nothing of a block but what it adds to the total and to the blend.",
    mistakes=(
        total_not_rescaled,
        blend_not_rescaled,
        nothing_rescaled,
        own_maxima,
        block_maximum,
        no_maximum,
        starts_at_zero,
        common_maximum,
        last_block_dropped,
        only_block_dropped,
        first_factor_infinite,
        divided_in_the_loop,
        parts_divided,
        never_divided,
        stream_not_scaled,
        blocks_averaged,
        blocks_added,
        all_scores_held,
        queries_overwritten,
    ),
    properties=(held_little, inside_the_values(2, part=0)),
    probe=with_memory,
    hints=(
        "A softmax needs the largest score and the sum of all exps of a row. What do you have to "
        "change in a sum so far, when a larger score comes along?",
        "Keep three things for each query: the largest score so far, the sum of exps so far, and "
        "the blend so far, not yet divided. If the largest grows from old to new, everything so "
        "far shrinks by exp(old - new).",
        "q = q / math.sqrt(q.shape[-1])\n"
        "largest, total, blend = -np.inf, 0.0, 0.0\n"
        "for start in range(0, k.shape[-2], block):\n"
        "    scores = q @ np.swapaxes(k[..., start : start + block, :], -1, -2)\n"
        "    new = np.maximum(largest, scores.max(axis=-1, keepdims=True))\n"
        "    shrink = ...\n"
        "    exps = np.exp(scores - new)\n"
        "    total = total * shrink + ...\n"
        "    blend = ... + exps @ v[..., start : start + block, :]\n"
        "    largest = new\n"
        "return blend / total",
    ),
)

EXERCISES = (
    ATTENTION_FLOPS,
    KV_CACHE_BYTES,
    DECODE_STEP,
    GROUPED_QUERY_ATTENTION,
    STREAMING_ATTENTION,
)

QUESTIONS = (
    Question(
        "10-longer",
        "Attention over a long text takes one second. Now the text is ten times as long. How long "
        "does it take?",
        (
            Option(
                "About 10 seconds",
                "There are ten times as many queries, and each of them meets ten times as many "
                "keys. The two factors multiply.",
            ),
            Option(
                "About 1 second: all tokens are worked on at once.",
                "No token waits for another. But the work has to be done, and there is a hundred "
                "times as much of it for the same machine.",
            ),
            Option(
                "About 100 seconds",
                "Ten times as many queries meet ten times as many keys. For short texts you would "
                "not see it: there, other costs are larger.",
                right=True,
            ),
        ),
        prediction=True,
    ),
    Question(
        "10-blocks",
        "Attention can look at 128 keys at a time, and forget their scores before it takes the "
        "next 128. For a text twice as long, what does that change?",
        (
            Option(
                "Memory: twice as much, not four times. Operations: four times, as before.",
                "Every score is still computed, but few are held at once. The result is the same, "
                "too, up to rounding.",
                right=True,
            ),
            Option(
                "Memory and operations: both grow twofold, not fourfold.",
                "Every query still meets every key, so there is as much to compute. Only what is "
                "held at once becomes less.",
            ),
            Option(
                "Both grow less, but the result becomes an approximation.",
                "Nothing is skipped and nothing is estimated. Sums can be taken in parts, if the "
                "parts are put on one scale.",
            ),
        ),
        prediction=True,
    ),
    Question(
        "10-cache-why",
        "A model has many layers, and in each of them a cache of keys and values. A new token is "
        "written. Why are the old tokens' keys and values still right, in all layers?",
        (
            Option(
                "The matrices W_K and W_V do not change any more.",
                "True, and enough for the first layer. But in the second one, keys are made of "
                "contexts. These must not change either, or new keys would be needed.",
            ),
            Option(
                "With a causal mask, no later token changes what an earlier one becomes.",
                "So the earlier contexts stay, and with them the keys and values of the next "
                "layer. An encoder without that mask cannot keep a cache like this.",
                right=True,
            ),
            Option(
                "They are not quite right, but close enough in practice.",
                "They are exactly what would be computed again, up to rounding. You have seen the "
                "largest difference above.",
            ),
        ),
    ),
    Question(
        "10-position",
        "Your model adds sinusoidal_positions to its tokens. The caches hold t tokens, and you "
        "decode one more. Which row of positions does it get?",
        (
            Option(
                "Row 0, since it is the only token in this call",
                "Then every new word claims to be the first one, and no error tells you.",
            ),
            Option(
                "Row t − 1, as the last row of the cache",
                "That row belongs to the token before. The t cached tokens have the rows 0 to "
                "t − 1.",
            ),
            Option(
                "Row t, right after the cached ones",
                "The t cached tokens have the rows 0 to t − 1. Whoever keeps a cache has to keep "
                "count.",
                right=True,
            ),
        ),
    ),
    Question(
        "10-grouped",
        "A model with 64 heads is built with 8 heads of keys and values in place of 64. What "
        "becomes an eighth?",
        (
            Option(
                "The number of scores",
                "Each of the 64 heads still asks its own question of every key. Only, eight heads "
                "read the same keys.",
            ),
            Option(
                "The bytes of the cache",
                "Keys and values of 8 heads are kept. Also W_K and W_V become an eighth; scores "
                "and queries are as many as before.",
                right=True,
            ),
            Option(
                "The number of contexts",
                "There is a context for every head of queries, and these are still 64.",
            ),
            Option(
                "All operations of attention",
                "The scores and the blends of 64 heads are computed as before. The shared keys are "
                "read from memory less often, and that saves time.",
            ),
        ),
    ),
    Question(
        "10-flash",
        "FlashAttention is much faster on a graphics card than attention written out in three "
        "lines. Why?",
        (
            Option(
                "It leaves out scores that are too small to matter.",
                "It leaves out none. There are methods that do, but their results differ from "
                "those of attention.",
            ),
            Option(
                "It needs fewer multiplications for the same result.",
                "It needs even a few more, because sums are rescaled. What it saves is waiting "
                "for memory.",
            ),
            Option(
                "It carries fewer numbers between the chip and its large memory.",
                "A block of scores stays on the chip, in small and fast memory, until it is used "
                "up. The full matrix would be written out and read back.",
                right=True,
            ),
        ),
    ),
    Question(
        "10-recurrent",
        "A text has 10,000 tokens, and d is 500. By Table 1 of the paper, which layer takes fewer "
        "operations, and which can work on all tokens at once?",
        (
            Option(
                "Attention, and attention",
                "n² · d is fewer than n · d² only where n is smaller than d. Here n is twenty "
                "times as large.",
            ),
            Option(
                "The recurrent layer, and attention",
                "n is larger than d, so n · d² is fewer. But these 10,000 steps have to wait for "
                "one another.",
                right=True,
            ),
            Option(
                "The recurrent layer, for both",
                "It takes fewer operations here. But each state is made of the one before, so the "
                "steps cannot be taken at once.",
            ),
            Option(
                "Attention, and the recurrent layer",
                "It is the other way around: the recurrent layer takes fewer operations here, and "
                "one step after another.",
            ),
        ),
    ),
)
