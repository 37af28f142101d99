# SPDX-License-Identifier: Apache-2.0
"""Dense CRF by pydensecrf."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

import numpy as np

from .params import CRFParams


class CompiledCRF:
    """Mean field by the compiled library pydensecrf, faster above four labels.

    Args:
        image: uint8 RGB ``(H, W, 3)``.

    Raises:
        ImportError: If it is not installed; :func:`is_installed` tells.
    """

    def __init__(self, image: np.ndarray):
        from pydensecrf.densecrf import DenseCRF2D

        self._make = DenseCRF2D
        # the library reads the memory as it lies, and only memory that it may write
        self.image = np.array(image, order='C')

    def infer(self, unary: np.ndarray, params: CRFParams) -> np.ndarray:
        """Return probabilities after mean field, see :meth:`LatticeCRF.infer`."""
        labels, height, width = unary.shape
        crf = self._make(width, height, labels)
        crf.setUnaryEnergy(np.ascontiguousarray(unary.reshape(labels, -1), np.float32))
        if params.gaussian_weight:
            crf.addPairwiseGaussian(sxy=params.gaussian_sxy, compat=params.gaussian_weight)
        if params.bilateral_weight:
            crf.addPairwiseBilateral(
                sxy=params.bilateral_sxy,
                srgb=params.bilateral_srgb,
                rgbim=self.image,
                compat=params.bilateral_weight,
            )
        q = np.array(crf.inference(params.iterations), np.float32)
        return q.reshape(unary.shape)


@cache
def is_installed() -> bool:
    """Return whether pydensecrf is there."""
    return find_spec('pydensecrf') is not None
