# SPDX-License-Identifier: Apache-2.0
"""Dense CRF on the permutohedral lattice, on an accelerator."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array
from torch import Tensor

from ...ops.permutohedral import PermutohedralLattice
from .mean_field import Filter, MeanFieldCRF


class TorchLatticeCRF(MeanFieldCRF):
    """:class:`LatticeCRF` with its filters and iterations in PyTorch, on any device.

    The CPU makes the lattice, as its corners are looked for there; what is done again and again,
    the sparse products, runs on the device. Both kernels are sparse products, which stay float32
    where convolutions and dense products may be rounded to TF32.

    Args:
        image: uint8 RGB ``(H, W, 3)``.
        device: Where it runs. Unaries and probabilities are on the CPU all the same.

    Example:
        >>> from wsss.refiners.crf.params import crf_params
        >>> crf = TorchLatticeCRF(np.zeros((4, 6, 3), np.uint8), 'cpu')
        >>> crf.infer(np.zeros((2, 4, 6), np.float32), crf_params('psa'))[0, 0, 0]
        np.float32(0.5)
    """

    arrays = torch

    def __init__(self, image: np.ndarray, device: torch.device | str = 'cpu'):
        super().__init__(image)
        self.device = torch.device(device)

    def to_array(self, values: np.ndarray) -> Tensor:
        """Return them on the device."""
        return torch.from_numpy(values).to(self.device)

    def to_numpy(self, values: Tensor) -> np.ndarray:
        """Return them from the device."""
        return values.cpu().numpy()

    def total(self, signals: Tensor) -> Tensor:
        """Return the sum over the last axis, kept."""
        return signals.sum(dim=2, keepdim=True)

    def gaussian(self, kernels: list[np.ndarray]) -> Filter:
        """Return the products with one banded matrix for each axis."""
        bands = [self._matrix(_band(*both)) for both in zip(kernels, self.image.shape)]

        def apply(signals: Tensor) -> Tensor:
            for band in bands:  # height becomes width, and width height again
                filtered = band @ signals.reshape(len(signals), -1)
                signals = filtered.reshape(signals.shape).transpose(0, 1)
            return signals.contiguous()

        return apply

    def lattice(self, lattice: PermutohedralLattice) -> Filter:
        """Return the products with the matrices of the lattice."""
        products = [self._matrix(product.tocsr()) for product in lattice.products]

        def apply(signals: Tensor) -> Tensor:
            found = signals.reshape(-1, signals.shape[2])
            for product in products:
                found = product @ found
            return found.reshape(signals.shape)

        return apply

    def _matrix(self, matrix: csr_array) -> Tensor:
        parts = (matrix.indptr, matrix.indices, matrix.data)
        parts = [torch.from_numpy(part).to(self.device) for part in parts]
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', 'Sparse CSR tensor support is in beta')
            return torch.sparse_csr_tensor(*parts, size=matrix.shape, check_invariants=False)


def _band(kernel: np.ndarray, side: int) -> csr_array:
    """Return the matrix ``(side, side)`` that filters an axis by ``kernel``."""
    reach = len(kernel) // 2
    offsets = np.arange(-reach, reach + 1)
    return diags_array(list(kernel), offsets=offsets, shape=(side, side), dtype=np.float32).tocsr()
