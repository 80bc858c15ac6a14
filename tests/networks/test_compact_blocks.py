from __future__ import annotations

import torch

from vitruv.networks.compact import DenseDecoder, fold_normalisation
from vitruv.networks.compact.blocks import ConvNorm, ResidualBlock
from vitruv.networks.compact.dense_decoder import HINT_CHANNELS, person_first


def test_new_residual_blocks_change_nothing() -> None:
    torch.manual_seed(0)
    x = torch.rand(2, 32, 4, 4)
    assert torch.equal(ResidualBlock(32)(x), x)


def test_folding_keeps_the_function_and_removes_normalisation() -> None:
    torch.manual_seed(0)
    network = DenseDecoder((8, 12, 16, 20), channels=(8, 8, 16), blocks=(1, 1, 1))
    features = [torch.randn(4, c, 32 // 2**i, 32 // 2**i) * 2 + 1 for i, c in enumerate((8, 12, 16, 20))]
    hints = torch.rand(4, HINT_CHANNELS, 32, 32)
    for _ in range(3):  # running statistics that are not the identity
        network(features, hints)
    network.eval()
    folded = fold_normalisation(network)
    for name, a, b in zip(("logits", "uv"), network(features, hints), folded(features, hints), strict=True):
        assert torch.allclose(a, b, atol=1e-4), f"{name} changed"
    assert sum(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules()) == 10, "the original must stay as it was"
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
    assert all(m.conv.bias is not None for m in folded.modules() if isinstance(m, ConvNorm))


def test_person_first() -> None:
    """A pixel that could be left or right is a person's, though background is likelier than either."""
    logits = torch.full((1, 25, 1, 1), -9.0)
    logits[0, [0, 9, 10], 0, 0] = torch.tensor([1.0, 0.8, 0.7])
    assert logits.argmax(1).item() == 0
    assert person_first(logits).argmax(1).item() == 9
    assert person_first(logits, foreground_threshold=0.9).argmax(1).item() == 0
