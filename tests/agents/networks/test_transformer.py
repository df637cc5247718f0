"""The Transformer is causal, knows the order of rows, and spares what nobody asks for."""

import pytest
import torch

from quantgym.agents.networks.bodies.transformer import Block, TransformerBody, TransformerSettings
from quantgym.agents.networks.reading import Reading


@pytest.fixture
def body(build):
    torch.manual_seed(2)
    return TransformerBody(TransformerSettings(width=8, heads=2, layers=3), Reading.of(build.layout(window=6)))


def test_no_row_hears_of_later_ones(body):
    market = torch.randn(2, body.reading.market_size)
    changed = market.clone().view(2, 6, -1)
    changed[:, 4:] += 1.0
    before, after = body.tokens(market), body.tokens(changed.flatten(1))
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_the_newest_row_hears_of_all_the_others(body):
    market = torch.randn(1, body.reading.market_size, requires_grad=True)
    body.encode(market).square().sum().backward()
    assert market.grad is not None
    assert (market.grad.view(6, -1).abs().sum(1) > 0.0).all()


def test_rows_in_another_order_are_another_window(body):
    market = torch.randn(1, 6, body.reading.n_market)
    turned = torch.cat([market[:, :5].flip(1), market[:, 5:]], dim=1)
    assert not torch.allclose(body.encode(market.flatten(1)), body.encode(turned.flatten(1)))


def test_the_newest_row_computed_alone_is_that_of_the_whole_block():
    torch.manual_seed(2)
    block, tokens = Block(8, 2), torch.randn(3, 6, 8)
    assert torch.allclose(block(tokens, last_only=True)[:, 0], block(tokens, last_only=False)[:, -1], atol=1e-6)


def test_a_block_is_what_torch_calls_a_transformer_layer_with_its_normalisation_first():
    torch.manual_seed(2)
    block, theirs = Block(8, 2), torch.nn.TransformerEncoderLayer(8, 2, 32, 0.0, "gelu", batch_first=True, norm_first=True)
    parts = {
        "self_attn.in_proj_weight": torch.cat([block.query.weight, block.key_value.weight]),
        "self_attn.in_proj_bias": torch.cat([block.query.bias, block.key_value.bias]),
        "self_attn.out_proj.weight": block.out.weight, "self_attn.out_proj.bias": block.out.bias,
        "linear1.weight": block.wide.weight, "linear1.bias": block.wide.bias,
        "linear2.weight": block.narrow.weight, "linear2.bias": block.narrow.bias,
        "norm1.weight": block.before_attention.weight, "norm1.bias": block.before_attention.bias,
        "norm2.weight": block.before_forward.weight, "norm2.bias": block.before_forward.bias,
    }  # fmt: skip
    theirs.load_state_dict(parts)
    tokens, mask = torch.randn(3, 6, 8), torch.nn.Transformer.generate_square_subsequent_mask(6)
    assert torch.allclose(block(tokens, last_only=False), theirs(tokens, src_mask=mask, is_causal=True), atol=1e-6)
