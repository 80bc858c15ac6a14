import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from vitruv.body.arrays import dequantise, quantise


def test_nothing_is_quantised_to_nothing() -> None:
    assert dequantise(quantise("a", np.zeros((0, 3)), 16), "a").shape == (0, 3)


@given(arrays(np.float64, array_shapes(min_dims=1, max_dims=3), elements=st.floats(-50, 50)), st.sampled_from([8, 16]))
def test_error_is_at_most_half_a_step(values: np.ndarray, bits: int) -> None:
    back = dequantise(quantise("a", values, bits), "a")
    top = np.abs(values.reshape(len(values), -1)).max(axis=1)
    step = (top / (2 ** (bits - 1) - 1)).reshape(-1, *[1] * (values.ndim - 1))
    assert (np.abs(back - values) <= 0.5 * step + 1e-5).all()
