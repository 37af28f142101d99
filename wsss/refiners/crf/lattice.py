# SPDX-License-Identifier: Apache-2.0
"""Dense CRF on the permutohedral lattice, without compiled code."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from ...ops.permutohedral import PermutohedralLattice
from .params import CRFParams

# of a Gaussian kernel, in standard deviations: what is cut off is below 4e-6 of the peak
REACH = 5
TINY = 1e-20

# float32 exp() overflows above 88
SAFE_LOGIT = 80
# channels that OpenCV filters at once
MAX_CHANNELS = 64

# signals (H, W, C) in, signals out
Filter = Callable[[np.ndarray], np.ndarray]


class LatticeCRF:
    """Mean field of one image; settings and unaries share what depends on the image alone.

    The bilateral kernel is that of pydensecrf (the permutohedral lattice); the Gaussian kernel is
    exact, as two convolutions. As probabilities sum to 1 and filters are linear, one label's share
    follows from the others', and only L - 1 planes are filtered.

    Args:
        image: uint8 RGB ``(H, W, 3)``.

    Example:
        >>> from wsss.refiners.crf.params import crf_params
        >>> crf = LatticeCRF(np.zeros((4, 6, 3), np.uint8))
        >>> crf.infer(np.zeros((2, 4, 6), np.float32), crf_params('psa'))[0, 0, 0]
        np.float32(0.5)
    """

    def __init__(self, image: np.ndarray):
        self.image = image
        self._filters: dict[tuple, tuple[Filter, np.ndarray]] = {}

    def infer(self, unary: np.ndarray, params: CRFParams) -> np.ndarray:
        """Return probabilities after mean field.

        Args:
            unary: float32 ``(L, H, W)``, energies.
            params: Kernels and iterations.

        Returns:
            float32 ``(L, H, W)``, sums to 1 over labels.
        """
        kernels = self._kernels(params)
        # channels last: sparse products read whole rows
        start = np.ascontiguousarray((unary[0] - unary[1:]).transpose(1, 2, 0), np.float32)
        bound = float(np.abs(start).max(initial=0))
        bound += sum(2 * weight * float(of_ones.max()) for weight, _, of_ones in kernels)
        q, first = _softmax(start.copy(), bound)
        for _ in range(params.iterations if start.shape[2] else 0):
            logits = start.copy()
            for weight, apply, of_ones in kernels:
                messages = apply(q)
                of_first = of_ones - _sum(messages)
                messages -= of_first
                messages *= np.float32(weight)
                logits += messages
            q, first = _softmax(logits, bound)
        return np.concatenate([first, q], axis=2).transpose(2, 0, 1)

    def _kernels(self, params: CRFParams) -> list[tuple[float, Filter, np.ndarray]]:
        kernels = []
        if params.gaussian_weight:
            key = ('gaussian', params.gaussian_sxy)
            kernels.append((params.gaussian_weight, *self._cached(key, self._gaussian)))
        if params.bilateral_weight:
            key = ('bilateral', params.bilateral_sxy, params.bilateral_srgb)
            kernels.append((params.bilateral_weight, *self._cached(key, self._bilateral)))
        return kernels

    def _cached(self, key: tuple, make: Callable[..., Filter]) -> tuple[Filter, np.ndarray]:
        """Return the symmetrically normalised filter and what it makes of ones."""
        if key not in self._filters:
            plain = make(*key[1:])
            ones = np.ones((*self.image.shape[:2], 1), np.float32)
            norm = 1 / np.sqrt(plain(ones) + TINY)

            def apply(signals: np.ndarray) -> np.ndarray:
                found = plain(norm * signals)
                found *= norm
                return found

            self._filters[key] = apply, apply(ones)
        return self._filters[key]

    def _gaussian(self, sxy: float) -> Filter:
        kernels = [
            _gaussian_kernel(sxy, min(side - 1, int(np.ceil(REACH * sxy))))
            for side in self.image.shape[:2]
        ]

        def apply(signals: np.ndarray) -> np.ndarray:
            parts = [
                cv2.sepFilter2D(
                    np.ascontiguousarray(signals[:, :, start : start + MAX_CHANNELS]),
                    -1,
                    kernels[1],
                    kernels[0],
                    borderType=cv2.BORDER_CONSTANT,
                ).reshape(*signals.shape[:2], -1)
                for start in range(0, signals.shape[2], MAX_CHANNELS)
            ]
            return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)

        return apply

    def _bilateral(self, sxy: float, srgb: float) -> Filter:
        height, width = self.image.shape[:2]
        features = np.empty((5, height, width), np.float32)
        features[0] = np.arange(width, dtype=np.float32) / np.float32(sxy)
        features[1] = np.arange(height, dtype=np.float32)[:, None] / np.float32(sxy)
        features[2:] = self.image.transpose(2, 0, 1) / np.float32(srgb)
        lattice = PermutohedralLattice(features.reshape(5, -1))

        def apply(signals: np.ndarray) -> np.ndarray:
            return lattice.filter(signals.reshape(height * width, -1)).reshape(signals.shape)

        return apply


def _gaussian_kernel(sigma: float, reach: int) -> np.ndarray:
    distance = np.arange(-reach, reach + 1, dtype=np.float64) / sigma
    return np.exp(-0.5 * distance**2).astype(np.float32)


def _softmax(logits: np.ndarray, bound: float) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities of all labels but the first, and of the first.

    Args:
        logits: ``(H, W, L - 1)``, over those of the first label; changed in place.
        bound: That they cannot exceed.

    Returns:
        ``(H, W, L - 1)`` and ``(H, W, 1)``.
    """
    top = np.float32(0)
    # below it nothing can overflow: no need to look for the largest
    if bound >= SAFE_LOGIT:
        top = np.maximum(logits.max(axis=2, keepdims=True, initial=0), 0)
        logits -= top
    e = np.exp(logits, out=logits)
    first = np.exp(-top)
    scale = 1 / (first + _sum(e))
    e *= scale
    return e, first * scale


def _sum(signals: np.ndarray) -> np.ndarray:
    """Return the sum over the last axis, kept; a product is much faster than a sum of few."""
    if signals.shape[2] == 1:
        return signals
    return signals @ np.ones((signals.shape[2], 1), signals.dtype)
