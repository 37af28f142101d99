# SPDX-License-Identifier: Apache-2.0
"""Dense CRF on the permutohedral lattice, without compiled code."""

from __future__ import annotations

import cv2
import numpy as np

from ...ops.permutohedral import PermutohedralLattice
from .mean_field import Filter, MeanFieldCRF

# channels that OpenCV filters at once
MAX_CHANNELS = 64


class LatticeCRF(MeanFieldCRF):
    """Mean field on one core of the CPU, by SciPy and OpenCV.

    Args:
        image: uint8 RGB ``(H, W, 3)``.

    Example:
        >>> from wsss.refiners.crf.params import crf_params
        >>> crf = LatticeCRF(np.zeros((4, 6, 3), np.uint8))
        >>> crf.infer(np.zeros((2, 4, 6), np.float32), crf_params('psa'))[0, 0, 0]
        np.float32(0.5)
    """

    arrays = np

    def to_array(self, values: np.ndarray) -> np.ndarray:
        """Return them as they are."""
        return values

    def to_numpy(self, values: np.ndarray) -> np.ndarray:
        """Return them as they are."""
        return values

    def total(self, signals: np.ndarray) -> np.ndarray:
        """Return the sum over the last axis; a product is much faster than a sum of few."""
        if signals.shape[2] == 1:
            return signals
        return signals @ np.ones((signals.shape[2], 1), signals.dtype)

    def gaussian(self, kernels: list[np.ndarray]) -> Filter:
        """Return the filter of OpenCV."""

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

    def lattice(self, lattice: PermutohedralLattice) -> Filter:
        """Return the filter of the lattice itself."""

        def apply(signals: np.ndarray) -> np.ndarray:
            return lattice.filter(signals.reshape(-1, signals.shape[2])).reshape(signals.shape)

        return apply
