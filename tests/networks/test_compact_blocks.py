from __future__ import annotations

import torch

from vitruv.networks import PIXEL_MEAN, CompactRegressor, fold_normalisation, normalise
from vitruv.networks.compact_blocks import AttentionBlock, ConvNorm, ResidualBlock


def test_padding_becomes_zero() -> None:
    pictures = torch.full((2, 4, 6, 3), int(PIXEL_MEAN), dtype=torch.uint8)
    pictures[0, 1, 2] = torch.tensor([0, 128, 255], dtype=torch.uint8)
    images = normalise(pictures)
    assert images.shape == (2, 3, 4, 6)
    assert not images[1].any(), "the padding value must be 0"
    assert images[0, :, 1, 2].tolist() == [-114 / 64, 14 / 64, 141 / 64], "channels keep their order"


def test_new_residual_and_attention_blocks_change_nothing() -> None:
    torch.manual_seed(0)
    x = torch.rand(2, 32, 4, 4)
    assert torch.equal(ResidualBlock(32)(x), x)
    cells = torch.randn(2, 5, 32)
    assert torch.equal(AttentionBlock(32, heads=2)(cells), cells)


def test_attention_is_softmax_of_scaled_products() -> None:
    torch.manual_seed(0)
    block = AttentionBlock(8, heads=2)
    torch.nn.init.normal_(block.project.weight)
    cells = torch.randn(1, 3, 8)
    parts = block.query_key_value(block.norm_attention(cells))[0]
    mixed = torch.zeros(3, 8)
    for head in range(2):  # slow and obvious: one head, one cell at a time
        channels = slice(4 * head, 4 * head + 4)
        query, key, value = (parts[:, 8 * i : 8 * i + 8][:, channels] for i in range(3))
        for i in range(3):
            weights = torch.softmax(torch.stack([query[i] @ key[j] for j in range(3)]) / 2, dim=0)
            mixed[i, channels] = sum(weights[j] * value[j] for j in range(3))
    expected = cells[0] + block.project(mixed)
    assert torch.allclose(block(cells)[0], expected, atol=1e-5)


def test_folding_keeps_the_function_and_removes_normalisation() -> None:
    torch.manual_seed(0)
    network = CompactRegressor(size_hw=(64, 32), widths=(8, 16, 16, 32), blocks=(1, 1, 1), context=1, fused=(16, 16))
    for _ in range(3):  # running statistics that are not the identity
        network(torch.randn(4, 3, 64, 32) * 2 + 1)
    network.eval()
    folded = fold_normalisation(network)
    x = torch.randn(2, 3, 64, 32)
    for name, a, b in zip(("logits", "uv", "keypoints"), network(x), folded(x), strict=True):
        assert torch.allclose(a, b, atol=1e-4), f"{name} changed"
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules()), "the original must stay as it was"
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
    assert all(m.conv.bias is not None for m in folded.modules() if isinstance(m, ConvNorm))
