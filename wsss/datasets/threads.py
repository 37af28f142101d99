# SPDX-License-Identifier: Apache-2.0
"""Work on many files in threads, in memory that does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar('T')
R = TypeVar('R')
_BLOCK = 512


def map_in_threads(
    function: Callable[[T], R], items: Sequence[T], workers: int
) -> Iterator[tuple[T, R]]:
    """Yield each item with ``function(item)``, in order.

    ``Executor.map`` makes a future of a kilobyte for every item at once; here it is done in blocks.
    """
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(items), _BLOCK):
            block = items[start : start + _BLOCK]
            yield from zip(block, pool.map(function, block))
