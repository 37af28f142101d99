# SPDX-License-Identifier: Apache-2.0
"""Dense CRF by brute force, for small images."""

from __future__ import annotations

import numpy as np

from ...errors import ConfigError
from .params import CRFParams

# pixels: their square in float64 is half a gigabyte for each kernel
MAX_PIXELS = 8192


class ExactCRF:
    """Mean field with all pairs of pixels written out in float64: what the others approximate.

    Args:
        image: uint8 RGB ``(H, W, 3)``.

    Raises:
        ConfigError: If the image has more than ``MAX_PIXELS`` pixels.
    """

    def __init__(self, image: np.ndarray):
        self.height, self.width = image.shape[:2]
        if self.height * self.width > MAX_PIXELS:
            raise ConfigError(
                f"engine='exact' compares all pairs of pixels and is for at most {MAX_PIXELS} of "
                f"them, the image has {self.height} x {self.width}. Use engine='lattice'."
            )
        y, x = np.mgrid[: self.height, : self.width]
        self._positions = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)
        self._colours = image.reshape(-1, 3).astype(np.float64)

    def infer(self, unary: np.ndarray, params: CRFParams) -> np.ndarray:
        """Return probabilities after mean field, see :meth:`LatticeCRF.infer`."""
        flat = unary.reshape(len(unary), -1).astype(np.float64)
        positions, colours = self._positions, self._colours
        pairwise = params.gaussian_weight * _kernel(positions / params.gaussian_sxy)
        both = np.hstack([positions / params.bilateral_sxy, colours / params.bilateral_srgb])
        pairwise += params.bilateral_weight * _kernel(both)
        q = _softmax(-flat)
        for _ in range(params.iterations):
            q = _softmax(q @ pairwise - flat)
        return q.reshape(unary.shape).astype(np.float32)


def _kernel(features: np.ndarray) -> np.ndarray:
    """Return ``exp(-|f_i - f_j|^2 / 2)``, symmetrically normalised, ``(N, N)``."""
    squares = (features**2).sum(axis=1)
    distance = squares[:, None] + squares - 2 * features @ features.T
    kernel = np.exp(-0.5 * np.maximum(distance, 0))
    norm = 1 / np.sqrt(kernel.sum(axis=1))
    return norm[:, None] * kernel * norm


def _softmax(logits: np.ndarray) -> np.ndarray:
    q = np.exp(logits - logits.max(axis=0))
    return q / q.sum(axis=0)
