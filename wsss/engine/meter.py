# SPDX-License-Identifier: Apache-2.0
"""Counting images and seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Sized
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size


def count_images(data_batch: Any) -> int:
    """Return how many images a batch of a loader holds."""
    if isinstance(data_batch, Mapping):
        values = list(data_batch.values())
        first = data_batch.get('inputs', values[0] if values else ())
        return count_images(first) if isinstance(first, Mapping) else len(first)
    if isinstance(data_batch, Sequence) and data_batch and not isinstance(data_batch, str):
        # a default-collated pair (images, labels), or a plain list of samples
        return len(data_batch[0]) if torch.is_tensor(data_batch[0]) else len(data_batch)
    return len(data_batch) if isinstance(data_batch, Sized) else 1


def format_seconds(seconds: float) -> str:
    """Return ``h:mm:ss``."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f'{minutes // 60}:{minutes % 60:02d}:{rest:02d}'


def loop_images(loader: Any) -> int:
    """Return how many images one pass over ``loader`` shows to all ranks together."""
    local = len(loader) * (getattr(loader, 'batch_size', None) or 1)
    if getattr(loader, 'batch_size', None) and not getattr(loader, 'drop_last', False):
        sampler = getattr(loader, 'sampler', None)
        local = len(sampler) if isinstance(sampler, Sized) else local
    total = torch.tensor(local)
    all_reduce(total)
    return int(total)


class Meter:
    """Images done by all ranks and seconds spent; a pause is not counted.

    While a loop runs, each rank takes the others to be as far as itself; :meth:`share` gives the
    right number at its end.

    Args:
        total: How many images there will be.
        first: How many of them an earlier run has done.
    """

    def __init__(self, total: int, first: int = 0):
        self.total, self.first, self.done = total, first, first
        self.started = self.resumed = time.perf_counter()
        self.seconds = 0.0

    def add(self, images: int) -> None:
        """Count images that this rank has just done."""
        now = time.perf_counter()
        self.done += images * get_world_size()
        self.seconds += now - self.resumed
        self.resumed = now

    def resume(self) -> None:
        """Go on after a pause."""
        self.resumed = time.perf_counter()

    def share(self) -> None:
        """Take the images of all ranks and the time of the slowest."""
        own = torch.tensor((self.done - self.first) // get_world_size())
        all_reduce(own)
        seconds = torch.tensor(self.seconds, dtype=torch.float64)
        all_reduce(seconds, 'max')
        self.done, self.seconds = self.first + int(own), float(seconds)

    @property
    def rate(self) -> float:
        """Images per second, without pauses."""
        return (self.done - self.first) / max(self.seconds, 1e-9)

    @property
    def remaining(self) -> float:
        """Seconds to go, if pauses keep coming as they did."""
        elapsed = time.perf_counter() - self.started
        return elapsed * max(0, self.total - self.done) / max(self.done - self.first, 1)

    def text(self) -> str:
        """Return done, total, rate and time to go in words."""
        done = min(self.done, self.total)
        return (
            f'{done}/{self.total} images, {self.rate:.1f} images/s, '
            f'ETA {format_seconds(self.remaining)}'
        )
