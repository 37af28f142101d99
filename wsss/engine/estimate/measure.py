# SPDX-License-Identifier: Apache-2.0
"""Operations, memory and seconds of a step."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

# a step shorter than this is timed again: its first run pays for imports and caches
SHORT_S = 5.0


@dataclass
class Measured:
    """What one step takes.

    Args:
        flops: Floating-point operations, a multiplication and an addition being two.
        peak: Bytes of tensors alive at most, in a step that is not the first.
        kept: Bytes still alive after the step: weights, gradients, state of the optimizer.
        seconds: Of a run without counting, or of the counted one where that took 5 s.
    """

    flops: int
    peak: int
    kept: int
    seconds: float


class AllocationMeter(TorchDispatchMode):
    """Bytes of the tensors that are alive, as a GPU's allocator would count them.

    Counted are the storages of everything that operations return, activations kept for the
    backward pass among them, from their making to their release, and the parameters and buffers of
    a model. Not counted are work spaces inside of operations, rounding up and fragments.

    Args:
        model: Its parameters and buffers are there from the start.

    Example:
        >>> model = nn.Linear(2, 3)
        >>> with AllocationMeter(model) as meter:
        ...     ones = torch.ones(4, 2)
        >>> meter.peak  # 6 weights, 3 of the bias and 8 ones of 4 bytes
        68
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.live = self.peak = 0
        self._known: set[int] = set()
        for tensor in (*model.parameters(), *model.buffers()):
            self._add(tensor)

    def _add(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.live += size
        self.peak = max(self.peak, self.live)
        # the Python object of a storage lives as long as its memory
        weakref.finalize(storage, self._remove, key, size).atexit = False

    def _remove(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run the operation and take note of what it returns."""
        returned = func(*args, **(kwargs or {}))
        for value in tree_leaves(returned):
            # parts of a sparse tensor are tensors that an operation has returned before
            if isinstance(value, Tensor) and value.layout == torch.strided:
                self._add(value)
        return returned


class CudaMeter:
    """The same as the allocator of the GPU counts it."""

    def __enter__(self) -> CudaMeter:
        torch.cuda.reset_peak_memory_stats()
        return self

    def __exit__(self, *error: object) -> None:
        pass

    @property
    def peak(self) -> int:
        """Most bytes allocated at a time since the start."""
        return torch.cuda.max_memory_allocated()

    @property
    def live(self) -> int:
        """Bytes allocated now."""
        return torch.cuda.memory_allocated()


def mm_flops(left: Tensor, right: Tensor, *args, out_val: Tensor | None = None, **kwargs) -> int:
    """Return the operations of a matrix product; of a sparse matrix only what is stored counts."""
    stored = left.numel() if left.layout == torch.strided else left._nnz()
    return 2 * stored * right.shape[1]


def addmm_flops(bias: Tensor, *matrices: Tensor, **kwargs) -> int:
    """Return the operations of a matrix product to which something is added."""
    return mm_flops(*matrices, **kwargs)


mm_flops._get_raw = addmm_flops._get_raw = True  # wanted are the tensors, not their shapes
_FORMULAS = {torch.ops.aten.mm: mm_flops, torch.ops.aten.addmm: addmm_flops}


def measure(step: Callable[[], float], model: nn.Module) -> Measured:
    """Run ``step``, which returns the seconds that count, with everything counted.

    Args:
        step: Run twice if it is short, so it must be repeatable.
        model: What it runs; where its parameters lie decides how memory is counted.
    """
    gc.collect()  # what an earlier trial has left behind is not this one's
    on_gpu = any(parameter.is_cuda for parameter in model.parameters())
    meter = CudaMeter() if on_gpu else AllocationMeter(model)
    with FlopCounterMode(display=False, custom_mapping=_FORMULAS) as counter, meter:
        start = meter.live
        seconds = step()
        kept = meter.live
    # a second step begins with what the first has left behind, such as momentum
    peak = meter.peak + max(kept - start, 0)
    if seconds < SHORT_S:
        seconds = step()
    return Measured(counter.get_total_flops(), peak, kept, seconds)


def now() -> float:
    """Return the time when all work given to the GPU is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
