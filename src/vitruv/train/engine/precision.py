"""Where bfloat16 pays."""

from __future__ import annotations

from functools import cache

import torch


@cache
def fast_bfloat16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 with instructions of its own; processors without them take forty times as long as in
    float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        # Builds without oneDNN (other architectures) do not have the question.
        known = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        return bool(known and torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return False
