# SPDX-License-Identifier: Apache-2.0
"""A fixed share of pictures of background in each batch."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import torch
from mmengine.dataset import DefaultSampler

from ...checks import check_number
from ...errors import ConfigError
from ...registry import DATA_SAMPLERS
from ..with_background import WithBackground

_MAX_DENOMINATOR = 1000


@DATA_SAMPLERS.register_module()
class BackgroundRatioSampler(DefaultSampler):
    """Draw from :class:`WithBackground` so that each batch has the same share of background.

    An epoch is one pass over the images of the classes, in the order of mmengine's
    ``DefaultSampler``. Between them, at even distances, come pictures of background: any ``n``
    images drawn in a row, so any batch, hold ``n * background_ratio`` of them, rounded up or down,
    whatever the size of the batch. They are drawn in rounds, each shuffled anew: none comes again
    before all have been seen, and a round goes on in the next epoch.

    The order depends on seed and epoch alone. On several ranks the images drawn at the same time
    are those of one rank with a batch as large as theirs together, and each rank has its share of
    background. All ranks draw equally many: some images come twice to fill up.

    Args:
        dataset: A :class:`WithBackground`; the loader gives it.
        background_ratio: Share of the pictures of background, in (0, 1); rounded to a fraction with
            a denominator of at most 1000.
        seed: Seed of the order; None takes one that all ranks share. The loader gives the Runner's.

    Raises:
        ConfigError: If the share is out of range or the data set is another.

    Example:
        >>> loader = dict(
        ...     batch_size=16,
        ...     sampler=dict(type='wsss.BackgroundRatioSampler', background_ratio=1 / 8))
    """

    def __init__(
        self, dataset: WithBackground, background_ratio: float = 0.125, seed: int | None = None
    ):
        if not isinstance(dataset, WithBackground):
            raise ConfigError(
                'BackgroundRatioSampler draws from wsss.WithBackground, and the data set is '
                f'{type(dataset).__name__}. Leave the sampler out, or wrap the data set.'
            )
        where = 'BackgroundRatioSampler.background_ratio'
        check_number(background_ratio, where, 0, 1, above=True, below=True)
        ratio = _fraction(background_ratio)
        if not 0 < ratio < 1:
            raise ConfigError(
                f'{where} must be between 1/{_MAX_DENOMINATOR} and 1 - 1/{_MAX_DENOMINATOR}, got '
                f'{background_ratio!r}.'
            )
        super().__init__(dataset, seed=seed)
        self.ratio = ratio
        self.counts = tuple(len(part) for part in dataset.datasets)
        self.num_samples = -(-self.draws(self.counts[0], background_ratio) // self.world_size)
        self.total_size = self.num_samples * self.world_size

    @staticmethod
    def draws(images: int, background_ratio: float = 0.125, **kwargs) -> int:
        """Return how many images all ranks together draw in an epoch.

        Args:
            images: Of the classes.
            background_ratio: As of the sampler.
            **kwargs: Other arguments of the sampler, which do not matter.
        """
        ratio = _fraction(background_ratio)
        others = ratio.denominator - ratio.numerator
        # so few that the last image of the classes comes last
        return (images - 1) * ratio.denominator // others + 1

    def __iter__(self) -> Iterator[int]:
        """Yield the indices that this rank draws in this epoch."""
        is_background = self._schedule()
        count = int(is_background.sum())
        indices = np.empty(is_background.shape, dtype=np.int64)
        indices[is_background] = self.counts[0] + self._background(count)
        indices[~is_background] = np.resize(self._images(), is_background.size - count)
        return iter(indices[:, self.rank].tolist())

    def _schedule(self) -> np.ndarray:
        """Return bool ``(draws, ranks)``: who draws a picture of background when.

        A rank draws one whenever the sum of the shares passes a whole number. The ranks start a
        part of a picture apart, so that the sum over ranks does so evenly as well (Hermite's
        identity for the floor function).
        """
        top, bottom = self.ratio.numerator, self.ratio.denominator
        draws = np.arange(self.num_samples + 1, dtype=np.int64)[:, None]
        ranks = np.arange(self.world_size, dtype=np.int64)
        drawn = (draws * top * self.world_size + ranks * bottom) // (bottom * self.world_size)
        return np.diff(drawn, axis=0) > 0

    def _images(self) -> np.ndarray:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        return torch.randperm(self.counts[0], generator=generator).numpy()

    def _background(self, count: int) -> np.ndarray:
        """Return the next ``count`` pictures of the rounds, ``count`` in every epoch before."""
        size, start = self.counts[1], self.epoch * count
        first, last = start // size, -(-(start + count) // size)
        rounds = [
            np.random.default_rng([self.seed, number]).permutation(size)
            for number in range(first, last)
        ]
        return np.concatenate([*rounds, np.empty(0, np.int64)])[start - first * size :][:count]


def _fraction(background_ratio: float) -> Fraction:
    return Fraction(background_ratio).limit_denominator(_MAX_DENOMINATOR)
