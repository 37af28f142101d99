# SPDX-License-Identifier: Apache-2.0
"""What all mixing methods have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.distributions import Beta

from ..checks import check_flag, check_number
from ..errors import DataError


class BatchMix(ABC):
    """Mixes the images of a batch with others of it, and their labels alike.

    A batch augment of mmpretrain: listed in ``data_preprocessor.batch_augments.augments``, it is
    called with the images and labels of a training batch. As binary cross-entropy is linear in its
    target, one loss on the mixed label is the mean of the losses on both labels.

    Shares ``lam`` are drawn from ``Beta(alpha, alpha)``, partners as a permutation of the batch, by
    torch's global generators, which the training seeds for each epoch. A batch of one image
    stays as it is.

    Args:
        alpha: Of the Beta distribution, above 0. Small ones leave most images nearly as they are.
        per_sample: Draw a share for each image instead of one for the batch.

    Raises:
        ConfigError: If a value is not usable.
    """

    def __init__(self, alpha: float = 1.0, per_sample: bool = False):
        name = type(self).__name__
        self.alpha = check_number(alpha, f'{name}.alpha', 0, above=True)
        self.beta = (self.alpha, self.alpha)
        self.per_sample = check_flag(per_sample, f'{name}.per_sample')

    def __call__(self, images: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mixed images and labels.

        Args:
            images: float ``(N, C, H, W)``; of padded images the last channel is their validity.
            scores: float ``(N, K)`` in [0, 1], multi-hot or soft labels.

        Raises:
            DataError: If there is not one label for each image.
        """
        if scores.ndim != 2 or len(scores) != len(images):
            raise DataError(
                f'{type(self).__name__}: labels must be (N, K) with N = {len(images)} images, got '
                f'{tuple(scores.shape)}. Is to_onehot=True, and num_classes set, in '
                'data_preprocessor?'
            )
        if len(images) < 2:
            return images, scores.float()
        shares = self.draw_shares(len(images))
        partners = torch.randperm(len(images)).to(images.device)
        return self.mix(images, scores.float(), shares, partners)

    def draw_shares(self, count: int) -> list[float]:
        """Return how much each of ``count`` images keeps of itself, in [0, 1]."""
        beta = Beta(*torch.tensor(self.beta, dtype=torch.float64))
        drawn = beta.sample((count if self.per_sample else 1,))
        return drawn.expand(count).tolist()

    @abstractmethod
    def mix(
        self, images: Tensor, scores: Tensor, shares: list[float], partners: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the mixed images and labels of a batch of at least two.

        Args:
            images: float ``(N, C, H, W)``.
            scores: float ``(N, K)``.
            shares: How much each image keeps of itself.
            partners: int64 ``(N,)``, with which image each is mixed.
        """


def blend(values: Tensor, partners: Tensor, shares: Tensor) -> Tensor:
    """Return ``share * values + (1 - share) * values[partners]``.

    Args:
        values: float ``(N, ...)``.
        partners: int64 ``(N,)``.
        shares: float, ``(N,)`` or with as many dimensions as ``values``.

    Example:
        >>> blend(torch.tensor([[1.0], [3.0]]), torch.tensor([1, 0]), torch.tensor([0.75, 0.5]))
        tensor([[1.5000],
                [2.0000]])
    """
    if shares.ndim == 1:
        shares = shares.reshape(-1, *[1] * (values.ndim - 1))
    return torch.lerp(values[partners], values, shares.to(values))
