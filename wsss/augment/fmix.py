# SPDX-License-Identifier: Apache-2.0
"""Mixing by masks of low frequency."""

from __future__ import annotations

import torch
from torch import Tensor

from ..checks import check_choice, check_flag, check_number
from ..ops.fourier_masks import SPECTRA, cut_fields, low_frequency_fields
from ..registry import BATCH_AUGMENTS
from .base import BatchMix, blend


@BATCH_AUGMENTS.register_module()
class FMix(BatchMix):
    """Put smooth random regions of other images into each image.

    ``x~ = m x + (1 - m) x'`` with a mask ``m``: noise of low frequency, cut so that a share ``lam``
    of it is 1 (E. Harris et al., "FMix: Enhancing Mixed Sample Data Augmentation", 2020). Labels
    are mixed by the mean of the mask itself.

    Args:
        alpha: Of ``lam ~ Beta(alpha, alpha)``, above 0.
        decay: Power by which the spectrum of the noise falls, at least 0.
        max_soft: Width of a ramp at the edges, as a share of the pixels on either side, in [0, 1);
            0 gives masks of 0 and 1.
        spectrum: ``isotropic``, as the paper describes, or ``legacy``, what its published code
            draws: bands that mostly lie side by side
            (:func:`wsss.ops.fourier_masks.low_frequency_fields`).
        per_sample: Draw a mask and a share for each image. False: one mask for the batch, as
            published.
        reformulate: The paper's variant with the label of the image alone and
            ``lam ~ Beta(alpha + 1, alpha)``.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> images, labels = torch.rand(4, 3, 32, 48), torch.eye(4)
        >>> mixed, soft = FMix(alpha=1.0)(images, labels)
        >>> mixed.shape, soft.sum(1)
        (torch.Size([4, 3, 32, 48]), tensor([1., 1., 1., 1.]))
    """

    def __init__(
        self,
        alpha: float = 1.0,
        decay: float = 3.0,
        max_soft: float = 0.0,
        spectrum: str = 'isotropic',
        per_sample: bool = False,
        reformulate: bool = False,
    ):
        super().__init__(alpha, per_sample)
        self.decay = check_number(decay, 'FMix.decay', 0)
        self.max_soft = check_number(max_soft, 'FMix.max_soft', 0, 1, below=True)
        self.spectrum = check_choice(spectrum, 'FMix.spectrum', SPECTRA)
        self.reformulate = check_flag(reformulate, 'FMix.reformulate')
        if self.reformulate:
            self.beta = (self.alpha + 1, self.alpha)

    def mix(
        self, images: Tensor, scores: Tensor, shares: list[float], partners: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the mixed images and labels, see :class:`BatchMix`."""
        masks = self.draw_masks(shares, tuple(images.shape[-2:]), images.device)
        mixed = blend(images, partners, masks[:, None])
        if self.reformulate:
            return mixed, scores
        return mixed, blend(scores, partners, masks.mean(dim=(1, 2)))

    def draw_masks(
        self, shares: list[float], size: tuple[int, int], device: torch.device | str = 'cpu'
    ) -> Tensor:
        """Return a mask for each share, float ``(N, H, W)`` in [0, 1]; without ``per_sample`` one.

        Args:
            shares: Mean of each mask, in [0, 1].
            size: ``(H, W)``.
            device: Where they are made.
        """
        drawn = shares if self.per_sample else shares[:1]
        fields = low_frequency_fields(len(drawn), size, self.decay, self.spectrum, device=device)
        return cut_fields(fields, drawn, self.max_soft)
