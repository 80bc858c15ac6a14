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
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return False
