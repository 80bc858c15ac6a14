"""The last layers of the dense branch: maps of charts, coordinates, confidences or surface embeddings for each person."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import conv_transpose2d, interpolate, normalize, softplus

from vitruv.rcnn_config import CONFIDENCE_FLOOR

_EMBEDDING_EPSILON = 1e-6


class DensePredictor(nn.Module):
    """A transposed convolution for each kind of map, then bilinear doubling: (n, width, s, s) -> name -> (n, c, 4s, 4s).

    branches: name of each output -> (name of its parameters, channels); see `RCNNArchitecture.branches`. Where a model has
    segmentation confidences, the logits of `fine_segm` and `coarse_segm` come out already multiplied by them. `sigma_2`,
    `kappa_u` and `kappa_v` come out raw: a variance is softplus(sigma_2) + CONFIDENCE_FLOOR.
    """

    def __init__(self, width: int, branches: Mapping[str, tuple[str, int]]) -> None:
        super().__init__()
        self.branches = dict(branches)
        for parameters, channels in branches.values():
            layer = nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1)
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            self.add_module(parameters, layer)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        # One convolution for all kinds: few channels each, which by themselves would leave vector units idle.
        layers = [getattr(self, parameters) for parameters, _ in self.branches.values()]
        weight, bias = torch.cat([layer.weight for layer in layers], dim=1), torch.cat([layer.bias for layer in layers])
        small = conv_transpose2d(features, weight, bias, stride=2, padding=1)
        large = interpolate(small, scale_factor=2.0, mode="bilinear", align_corners=False)
        channels = [count for _, count in self.branches.values()]
        maps = dict(zip(self.branches, torch.split(large, channels, dim=1), strict=True))
        for logits in ("fine_segm", "coarse_segm"):
            confidence = f"{logits}_confidence"
            if confidence in maps:
                maps[confidence] = softplus(maps[confidence]) + CONFIDENCE_FLOOR
                maps[logits] = maps[logits] * maps[confidence]
        return maps


class VertexEmbedder(nn.Module):
    """Embeddings of the vertices of one mesh, as a product of fixed features and trained embeddings."""

    features: Tensor

    def __init__(self, vertices: int, features: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("features", torch.zeros(vertices, features))
        self.embeddings = nn.Parameter(torch.randn(features, channels) / features**0.5)

    def forward(self) -> Tensor:
        """(vertices, channels), each of unit length."""
        return normalize(self.features @ self.embeddings, eps=_EMBEDDING_EPSILON)


class Embedder(nn.Module):
    """The vertex embedders of all meshes a model knows, by name."""

    def __init__(self, meshes: tuple[tuple[str, int, int], ...], channels: int) -> None:
        super().__init__()
        self.names = tuple(name for name, _, _ in meshes)
        for name, vertices, features in meshes:
            self.add_module(f"embedder_{name}", VertexEmbedder(vertices, features, channels))

    def forward(self, mesh: str) -> Tensor:
        embeddings: Tensor = getattr(self, f"embedder_{mesh}")()
        return embeddings
