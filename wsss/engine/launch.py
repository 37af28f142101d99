# SPDX-License-Identifier: Apache-2.0
"""What a process does before the first stage."""

from __future__ import annotations

import ctypes
import datetime
import os
import sys

import torch

TIMEOUT_S = 6 * 3600


def init_distributed(launcher: str) -> None:
    """Join the process group on machines without an accelerator.

    mmengine's own start selects a CUDA device even for gloo. A group that exists is used by every
    Runner of the run, so this is all that CPU processes need; with an accelerator mmengine does it.
    """
    if launcher == 'pytorch' and not torch.accelerator.is_available():
        if not torch.distributed.is_initialized():
            torch.distributed.init_process_group(
                'gloo', timeout=datetime.timedelta(seconds=TIMEOUT_S)
            )


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed memory instead of returning it to the system.

    By default every large temporary tensor is mapped, faulted in page by page and unmapped again;
    on CPUs that costs up to half of the time of a forward pass. Costs resident memory.

    Returns:
        Whether the allocator took the setting (Linux with glibc).
    """
    if not sys.platform.startswith('linux') or 'MALLOC_MMAP_THRESHOLD_' in os.environ:
        return False
    try:
        mallopt = ctypes.CDLL('libc.so.6').mallopt
    except (OSError, AttributeError):
        return False
    m_trim_threshold, m_mmap_threshold = -1, -3
    most = 1 << 30
    return bool(mallopt(m_mmap_threshold, most)) and bool(mallopt(m_trim_threshold, most))


def is_initialized() -> bool:
    """Whether a process group exists."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()
