"""What this machine's processor is good at: bfloat16 is quicker only where the processor computes it
itself."""

from __future__ import annotations

import functools
from pathlib import Path


@functools.cache
def computes_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16 products (AVX-512 BF16 or AMX on x86, BF16 on
    Arm)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split()
    except OSError:  # not Linux: float32 is always right
        return False
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags)
