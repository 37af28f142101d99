# SPDX-License-Identifier: Apache-2.0
"""Groups of first neighbours."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral

import numpy as np

from ..checks import check_choice, check_integer
from ..errors import ConfigError
from ..registry import CLUSTERERS
from .base import BaseClusterer

NAMED = ('first', 'last', 'closest')
INSTALL = "pip install finch-clust, or 'wsss[finch]'"


@CLUSTERERS.register_module()
class FINCH(BaseClusterer):
    """Chains of nearest neighbours, merged level by level; there is no number of groups to choose.

    S. Sarfraz et al., "Efficient Parameter-free Clustering Using First Neighbor Relations", CVPR
    2019: samples whose nearest neighbours (cosine distance) are each other or the same sample are
    one group; the means of the groups are grouped again, until no further level has fewer. Level 0
    has the most groups, and each level unites groups of the one before. Nothing is drawn.

    Needs the optional package ``finch-clust``. Above 20,000 samples in a class it takes
    approximate neighbours of the package ``pynndescent``, which then has to be there too.

    Args:
        partition: Which level: ``first``, ``last``, its number (negative ones count from the
            last, and a level beyond the last or first is that one), or ``closest``: the one whose
            number of groups is closest to ``k``, of two the coarser.
        k: Only for ``closest``.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> features = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]])
        >>> FINCH(partition='last')(features).tolist()  # doctest: +SKIP
        [0, 0, 1, 1]
    """

    def __init__(self, partition: str | int = 'last', k: int | None = None):
        if isinstance(partition, bool) or not isinstance(partition, Integral):
            check_choice(partition, 'FINCH.partition (or the number of a level)', NAMED)
        if (k is not None) != (partition == 'closest'):
            raise ConfigError(
                "FINCH.k is the number of groups that partition='closest' looks for: set both or "
                f'neither, got partition={partition!r}, k={k!r}.'
            )
        self.partition = partition
        self.k = None if k is None else check_integer(k, 'FINCH.k', 1)

    def cluster(self, features: np.ndarray, seed: int) -> np.ndarray:
        """Return the groups of a level, see :class:`BaseClusterer`."""
        levels = self.levels(features, seed)
        return levels[:, self.level((levels.max(axis=0) + 1).tolist())]

    def levels(self, features: np.ndarray, seed: int = 0) -> np.ndarray:
        """Return the groups of all levels, integers ``(N, L)``, the most groups first.

        Raises:
            ConfigError: If a package is missing.
        """
        finch = _import_finch()
        try:
            levels, _, _ = finch(features, distance='cosine', random_state=seed)
        except MemoryError as error:
            raise ConfigError(
                f'FINCH takes approximate neighbours of {len(features)} samples, which needs '
                'another package: pip install pynndescent. KMeans needs none.'
            ) from error
        return levels

    def level(self, counts: list[int]) -> int:
        """Return the number of the chosen level, given how many groups each has.

        Example:
            >>> FINCH(partition='closest', k=5).level([40, 9, 2]), FINCH(partition=7).level([9, 2])
            (2, 1)
        """
        last = len(counts) - 1
        if self.partition == 'closest':
            return min(range(last, -1, -1), key=lambda i: abs(counts[i] - self.k))
        if isinstance(self.partition, str):
            return dict(first=0, last=last)[self.partition]
        number = self.partition + len(counts) if self.partition < 0 else self.partition
        return min(max(number, 0), last)


def _import_finch() -> Callable:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of packages that only large classes need
            from finch import FINCH as finch
    except ImportError as error:
        raise ConfigError(f'FINCH needs the package finch-clust: {INSTALL}.') from error
    return finch
