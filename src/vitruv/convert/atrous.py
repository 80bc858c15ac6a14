"""3x3 convolutions with a dilation, as ONNX operators, for maps of a size that is known.

A dilation of d along a row of s cells is d convolutions without dilation, one on every d-th cell, each over s / d cells with zeros
at both ends. So short a convolution is the transpose of a product of polynomials, which takes L + 2 products for L outputs at
points of one's choice (Toom and Cook; Winograd 1980, chapter 4; Lavin and Gray 2016 for both axes). On a map of 28x28 cells, a
dilation of 6 takes 1600 products per pair of channels and one of 12 takes 1936, where the direct sum takes 7056.

A map is (h, n, w, channels), of n people: both transforms are then matrix products without a transposition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vitruv.convert.onnx_writer import OnnxGraph
from vitruv.types import Float64Array

# Points at which polynomials are evaluated, besides infinity; in this order, the first ones of which short chains
# take, results differ least from the direct sum.
_POINTS = (0.0, 1.0, -1.0, -2.0, 0.5, 2.0)
_LONGEST = len(_POINTS) - 1


@dataclass(frozen=True)
class Axis:
    """How one axis is convolved: outputs = back @ ((kernel @ taps) * (spread @ cells)), products of a group one after the other.

    spread: (k, s). back: (s, k). groups: (products, repetitions, kernel (products, 3)) of each, with k = sum of products times
    repetitions; the products of a group are in the order (product, repetition).
    """

    spread: Float64Array
    back: Float64Array
    groups: tuple[tuple[int, int, Float64Array], ...]


def can_spread(side: int, dilation: int) -> bool:
    """Whether `conv3x3_dilated` does this size: neighbours exist, and no chain of them is too long."""
    return dilation < side <= dilation * _LONGEST


def axis_of(side: int, dilation: int) -> Axis:
    """The axis of `side` cells with a dilation; see `can_spread`."""
    phases = np.arange(dilation)
    lengths = (side - phases + dilation - 1) // dilation
    spreads, backs, groups = [], [], []
    for length in sorted(set(lengths.tolist()), reverse=True):
        chosen = phases[lengths == length]
        spread, back, kernel = short(length)
        rows, columns = np.zeros((len(spread), len(chosen), side)), np.zeros((side, len(spread), len(chosen)))
        for number, phase in enumerate(chosen):
            rows[:, number, phase::dilation] = spread
            columns[phase::dilation, :, number] = back
        spreads.append(rows.reshape(-1, side))
        backs.append(columns.reshape(side, -1))
        groups.append((len(spread), len(chosen), kernel))
    return Axis(np.concatenate(spreads), np.concatenate(backs, axis=1), tuple(groups))


def short(length: int) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Three taps over `length` cells with a zero at both ends: spread (m, length), back (length, m), kernel (m, 3)."""
    if length == 1:
        return np.ones((1, 1)), np.ones((1, 1)), np.array([[0.0, 1.0, 0.0]])
    if length == 2:
        kernel = np.array([[0.0, 1.0, 0.0], [1.0, -1.0, 0.0], [0.0, -1.0, 1.0]])
        return np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]), kernel
    finite = np.array(_POINTS[: length + 1])
    infinite = np.eye(length + 2)[-1:]
    both = np.concatenate([finite[:, None] ** np.arange(length + 2), infinite])
    kernel = np.concatenate([finite[:, None] ** np.arange(3), [[0.0, 0.0, 1.0]]])
    outputs = np.concatenate([finite[:, None] ** np.arange(length), np.eye(length)[-1:]])
    # The first and the last cell that the taps reach are zeros.
    return np.linalg.inv(both).T[:, 1:-1], outputs.T, kernel


def conv3x3_dilated(g: OnnxGraph, x: str, weight: str, *, side: int, dilation: int, inner: int, out: int) -> str:
    """(side, n, side, inner) -> (side, n, side, out), without bias. weight: value (out, inner, 3, 3)."""
    axis = axis_of(side, dilation)
    total = len(axis.spread)
    spread, back = (g.constant(values.astype(np.float32)) for values in (axis.spread, axis.back))
    x = g.add("MatMul", spread, g.add("Reshape", x, g.integers(side, -1)))
    x = g.add("MatMul", spread, g.add("Reshape", x, g.integers(-1, side, inner)))  # (total * n, total, inner)
    x = g.add("Reshape", x, g.integers(total, -1, total, inner))
    taps = g.add("Reshape", g.add("Transpose", weight, perm=[2, 3, 1, 0]), g.integers(9, -1))
    sizes = g.integers(*[products * repetitions for products, repetitions, _ in axis.groups])
    rows = []
    for (p, f, kernel), row in zip(axis.groups, _split(g, x, sizes, len(axis.groups), axis=0), strict=True):
        parts = []
        for (q, e, across), part in zip(axis.groups, _split(g, row, sizes, len(axis.groups), axis=2), strict=True):
            apart = g.add("Transpose", g.add("Reshape", part, g.integers(p, f, -1, q, e * inner)), perm=[0, 3, 1, 2, 4])
            both = np.einsum("pi,qj->pqij", kernel, across).reshape(p * q, 9).astype(np.float32)
            kernels = g.add("Reshape", g.add("MatMul", g.constant(both), taps), g.integers(p * q, inner, out))
            products = g.add("MatMul", g.add("Reshape", apart, g.integers(p * q, -1, inner)), kernels)
            together = g.add("Transpose", g.add("Reshape", products, g.integers(p, q, f, -1, e * out)), perm=[0, 2, 3, 1, 4])
            parts.append(g.add("Reshape", together, g.integers(p * f, -1, q * e, out)))
        rows.append(_joined(g, parts, axis=2))
    y = g.add("Reshape", _joined(g, rows, axis=0), g.integers(-1, total, out))
    y = g.add("MatMul", back, g.add("Reshape", g.add("MatMul", back, y), g.integers(total, -1)))
    return g.add("Reshape", y, g.integers(side, -1, side, out))


def _split(g: OnnxGraph, x: str, sizes: str, count: int, *, axis: int) -> list[str]:
    return [x] if count == 1 else g.add_many("Split", [x, sizes], count, axis=axis)


def _joined(g: OnnxGraph, parts: list[str], *, axis: int) -> str:
    return parts[0] if len(parts) == 1 else g.add("Concat", *parts, axis=axis)
