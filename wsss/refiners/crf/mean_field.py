# SPDX-License-Identifier: Apache-2.0
"""Mean field of a dense CRF by filters, whatever kind of arrays they work on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from ...ops.permutohedral import PermutohedralLattice
from .params import CRFParams

# of a Gaussian kernel, in standard deviations: what is cut off is below 4e-6 of the peak
REACH = 5
TINY = 1e-20

# float32 exp() overflows above 88
SAFE_LOGIT = 80

# arrays of NumPy or tensors
Array = Any
# signals (H, W, C) in, signals out
Filter = Callable[[Array], Array]


class MeanFieldCRF(ABC):
    """Mean field of one image; settings and unaries share what depends on the image alone.

    The bilateral kernel is that of pydensecrf (the permutohedral lattice); the Gaussian kernel is
    exact, one axis after the other. As probabilities sum to 1 and filters are linear, one label's
    share follows from the others', and only L - 1 planes are filtered.

    Args:
        image: uint8 RGB ``(H, W, 3)``.
    """

    arrays: ModuleType
    """Whose functions work on its arrays: ``numpy`` or ``torch``."""

    def __init__(self, image: np.ndarray):
        self.image = image
        self._filters: dict[tuple, tuple[Filter, Array]] = {}

    def infer(self, unary: np.ndarray, params: CRFParams) -> np.ndarray:
        """Return probabilities after mean field.

        Args:
            unary: float32 ``(L, H, W)``, energies.
            params: Kernels and iterations.

        Returns:
            float32 ``(L, H, W)``, sums to 1 over labels.
        """
        if len(unary) == 1:
            return np.ones(unary.shape, np.float32)
        kernels = self._kernels(params)
        # channels last: sparse products read whole rows
        start = np.ascontiguousarray((unary[0] - unary[1:]).transpose(1, 2, 0), np.float32)
        bound = float(np.abs(start).max())
        bound += sum(2 * weight * float(of_ones.max()) for weight, _, of_ones in kernels)
        start = self.to_array(start)
        q, first = self._softmax(start, bound)
        for _ in range(params.iterations):
            logits = start
            for weight, apply, of_ones in kernels:
                messages = apply(q)
                of_first = of_ones - self.total(messages)
                messages -= of_first
                messages *= weight
                messages += logits
                logits = messages
            q, first = self._softmax(logits, bound)
        planes = [self.to_numpy(signals) for signals in (first, q)]
        return np.concatenate(planes, axis=2).transpose(2, 0, 1)

    @abstractmethod
    def to_array(self, values: np.ndarray) -> Array:
        """Return float32 values as the kind of array that filters work on."""

    @abstractmethod
    def to_numpy(self, values: Array) -> np.ndarray:
        """Return them as an array of NumPy."""

    @abstractmethod
    def total(self, signals: Array) -> Array:
        """Return the sum over the last axis, kept."""

    @abstractmethod
    def gaussian(self, kernels: list[np.ndarray]) -> Filter:
        """Return the filter by a kernel along each axis; 0 lies beyond the border.

        Args:
            kernels: float32 of odd length, along the height and along the width.
        """

    @abstractmethod
    def lattice(self, lattice: PermutohedralLattice) -> Filter:
        """Return the filter by a lattice of the image's pixels."""

    def _kernels(self, params: CRFParams) -> list[tuple[float, Filter, Array]]:
        kernels = []
        if params.gaussian_weight:
            key = ('gaussian', params.gaussian_sxy)
            kernels.append((params.gaussian_weight, *self._cached(key, self._gaussian)))
        if params.bilateral_weight:
            key = ('bilateral', params.bilateral_sxy, params.bilateral_srgb)
            kernels.append((params.bilateral_weight, *self._cached(key, self._bilateral)))
        return kernels

    def _cached(self, key: tuple, make: Callable[..., Filter]) -> tuple[Filter, Array]:
        """Return the symmetrically normalised filter and what it makes of ones."""
        if key not in self._filters:
            plain = make(*key[1:])
            ones = self.to_array(np.ones((*self.image.shape[:2], 1), np.float32))
            norm = 1 / self.arrays.sqrt(plain(ones) + TINY)

            def apply(signals: Array) -> Array:
                found = plain(norm * signals)
                found *= norm
                return found

            self._filters[key] = apply, apply(ones)
        return self._filters[key]

    def _gaussian(self, sxy: float) -> Filter:
        return self.gaussian(
            [
                _gaussian_kernel(sxy, min(side - 1, int(np.ceil(REACH * sxy))))
                for side in self.image.shape[:2]
            ]
        )

    def _bilateral(self, sxy: float, srgb: float) -> Filter:
        height, width = self.image.shape[:2]
        features = np.empty((5, height, width), np.float32)
        features[0] = np.arange(width, dtype=np.float32) / np.float32(sxy)
        features[1] = np.arange(height, dtype=np.float32)[:, None] / np.float32(sxy)
        features[2:] = self.image.transpose(2, 0, 1) / np.float32(srgb)
        return self.lattice(PermutohedralLattice(features.reshape(5, -1)))

    def _softmax(self, logits: Array, bound: float) -> tuple[Array, Array]:
        """Return probabilities of all labels but the first, and of the first.

        Args:
            logits: ``(H, W, L - 1)``, over those of the first label.
            bound: That they cannot exceed.

        Returns:
            ``(H, W, L - 1)`` and ``(H, W, 1)``.
        """
        first = 1
        # below it nothing can overflow: no need to look for the largest
        if bound >= SAFE_LOGIT:
            top = self.arrays.amax(logits, 2, keepdims=True).clip(min=0)
            logits = logits - top
            first = self.arrays.exp(-top)
        e = self.arrays.exp(logits)
        scale = 1 / (first + self.total(e))
        e *= scale
        return e, first * scale


def _gaussian_kernel(sigma: float, reach: int) -> np.ndarray:
    distance = np.arange(-reach, reach + 1, dtype=np.float64) / sigma
    return np.exp(-0.5 * distance**2).astype(np.float32)
