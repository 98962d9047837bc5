"""The encoder around an attention, and heads that are cut off for a while."""

import numpy as np
import pytest
import torch

from qkv_course.attention import MultiHeadAttention
from qkv_course.errors import BadAnswer
from qkv_course.models import Encoder, SentenceModel, real_model, without_heads
from qkv_course.models.encoder import EmptyAttention, Sizes

SMALL = Sizes(vocabulary=9, positions=7, d_model=8, d_hidden=16, n_heads=2, n_layers=3)


def small() -> Encoder:
    torch.manual_seed(0)
    return Encoder(SMALL).eval()


def test_padding_and_positions() -> None:
    encoder, ids = small(), torch.tensor([[1, 2, 3, 0, 0]])
    mask = torch.tensor([[[True, True, True, False, False]]])
    hidden, weights = encoder(ids, mask)
    short, _ = encoder(ids[:, :3])
    torch.testing.assert_close(hidden[-1][:, :3], short[-1])
    assert len(hidden) == 4 and len(weights) == 3
    turned, _ = encoder(ids[:, [1, 0, 2]])
    assert not torch.allclose(turned[0][:, 1], short[0][:, 0]), "order counts"


def test_real_model_puts_a_layer_of_its_own_into_every_block() -> None:
    torch.manual_seed(0)
    encoder = Encoder(SMALL, EmptyAttention)
    wanted = {name: w.clone() for name, w in encoder.state_dict().items()}
    assert real_model(encoder) is encoder
    layers = [block.attention for block in encoder.blocks]
    assert len({id(layer) for layer in layers}) == 3
    assert all(isinstance(layer, MultiHeadAttention) and layer.n_heads == 2 for layer in layers)
    assert all(torch.equal(w, wanted[name]) for name, w in encoder.state_dict().items())


def test_a_head_that_is_cut_off_adds_nothing() -> None:
    encoder, x = small(), torch.randn(1, 4, 8)
    layer = encoder.blocks[1].attention
    v = layer.w_v(x)
    _, weights = layer(x)
    kept = torch.zeros(1, 4, 8)
    kept[..., :4] = weights[:, 0] @ v[..., :4]  # what head 0 gathers
    with without_heads(encoder, [(1, 1)]):
        output, same = layer(x)
    torch.testing.assert_close(output, layer.w_o(kept))
    torch.testing.assert_close(same, weights)


def test_heads_are_put_back_whatever_happens() -> None:
    encoder = small()
    before = {name: w.clone() for name, w in encoder.state_dict().items()}
    with without_heads(encoder, []):
        assert all(torch.equal(w, before[n]) for n, w in encoder.state_dict().items())
    with pytest.raises(KeyboardInterrupt), without_heads(encoder, [(0, 0), (0, 1), (2, 1)]):
        assert not encoder.blocks[0].attention.w_o.weight.any()
        raise KeyboardInterrupt
    assert all(torch.equal(w, before[n]) for n, w in encoder.state_dict().items())
    with pytest.raises(BadAnswer), without_heads(encoder, [(0, 0), (3, 0)]):
        pass
    assert all(torch.equal(w, before[n]) for n, w in encoder.state_dict().items())


@pytest.mark.parametrize("pair", [(0, 2), (0, -1), (-1, 0), (3, 0)])
def test_a_head_that_is_not_there(pair: tuple[int, int]) -> None:
    with pytest.raises(BadAnswer, match="There is no"), without_heads(small(), [pair]):
        pass


def test_cutting_heads_changes_the_vectors_and_nothing_stays(model: SentenceModel) -> None:
    texts = ["Snow fell.", "Where did he go?"]
    before = model.embed(texts)
    with without_heads(model.encoder, [(5, 9)]):
        without = model.embed(texts)
    assert np.abs(without - before).max() > 1e-4
    np.testing.assert_array_equal(model.embed(texts), before)
