# SPDX-License-Identifier: Apache-2.0
"""What all clusterers have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ..errors import DataError


class BaseClusterer(ABC):
    """Groups samples by their features.

    Called with features, float ``(N, D)``, and a seed; returns labels, int64 ``(N,)``. Groups are
    numbered 0, 1, ... in the order of their first samples, and none is empty. One sample is one
    group. The same input gives the same labels.
    """

    def __call__(self, features: np.ndarray, seed: int = 0) -> np.ndarray:
        """Return the group of each sample.

        Args:
            features: float ``(N, D)``, finite, of at least one sample.
            seed: Of all that is drawn.

        Raises:
            DataError: If the features are none.
        """
        features = np.ascontiguousarray(features, dtype=np.float32)
        name = type(self).__name__
        if features.ndim != 2 or not features.size:
            raise DataError(
                f'{name} needs features (N, D) of a sample or more, got {features.shape}'
            )
        if not np.isfinite(features).all():
            bad = int((~np.isfinite(features).all(axis=1)).sum())
            raise DataError(f'{name}: the features of {bad} samples hold NaN or infinity.')
        if len(features) == 1:
            return np.zeros(1, dtype=np.int64)
        return in_order(self.cluster(features, seed))

    @abstractmethod
    def cluster(self, features: np.ndarray, seed: int) -> np.ndarray:
        """Return any numbers for the groups of at least two samples, float32 ``(N, D)``."""


def in_order(labels: np.ndarray) -> np.ndarray:
    """Return labels numbered 0, 1, ... in the order in which they first occur.

    Args:
        labels: Integers ``(N,)``.

    Example:
        >>> in_order(np.array([7, 7, 2, 7, 0])).tolist()
        [0, 0, 1, 0, 2]
    """
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)
