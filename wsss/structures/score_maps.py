# SPDX-License-Identifier: Apache-2.0
"""The class scores of one image, wherever they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class ScoreMaps:
    """Class scores of one image: what CAMs, seeds, refiners and ensembles all return.

    Args:
        keys: int16 ``(K',)``, ids of the present foreground classes, 0-based, strictly increasing.
        scores: float ``(K', h, w)`` in [0, 1]; ``h, w`` may be smaller than the image.
        size: ``(H, W)`` of the image in pixels.
        background: float ``(h, w)`` in [0, 1], or None where background is decided by a threshold.

    Raises:
        ValueError: If shapes or dtypes do not fit each other.

    Example:
        >>> maps = ScoreMaps(torch.tensor([3]), torch.rand(1, 14, 14), size=(56, 56))
        >>> maps.resized().scores.shape
        torch.Size([1, 56, 56])
    """

    keys: Tensor
    scores: Tensor
    size: tuple[int, int]
    background: Tensor | None = None

    def __post_init__(self):
        keys, scores = self.keys, self.scores
        if keys.ndim != 1 or keys.is_floating_point():
            raise ValueError(
                f'keys must be an integer tensor (K,), got {keys.dtype} {tuple(keys.shape)}'
            )
        if scores.ndim != 3 or not scores.is_floating_point():
            raise ValueError(
                f'scores must be float (K, h, w), got {scores.dtype} {tuple(scores.shape)}'
            )
        if len(keys) != len(scores):
            raise ValueError(f'{len(keys)} keys do not fit {len(scores)} score maps')
        if len(keys) > 1 and not bool((keys[1:] > keys[:-1]).all()):
            raise ValueError(f'keys must be strictly increasing, got {keys.tolist()}')
        if self.background is not None and self.background.shape != scores.shape[1:]:
            raise ValueError(
                f'background {tuple(self.background.shape)} must have the size of the scores '
                f'{tuple(scores.shape[1:])}'
            )
        height, width = (int(side) for side in self.size)
        if height < 1 or width < 1:
            raise ValueError(f'size must be (H, W) of at least one pixel, got {self.size}')
        object.__setattr__(self, 'size', (height, width))
        if keys.dtype != torch.int16:
            object.__setattr__(self, 'keys', keys.to(torch.int16))

    def to(self, device: torch.device | str, non_blocking: bool = False) -> ScoreMaps:
        """Return the same maps on ``device``; data samples move their fields through this."""

        def move(maps: Tensor | None) -> Tensor | None:
            return None if maps is None else maps.to(device, non_blocking=non_blocking)

        return replace(
            self,
            keys=move(self.keys),
            scores=move(self.scores),
            background=move(self.background),
        )

    def as_stored(self) -> ScoreMaps:
        """Return float32 maps rounded as files hold them."""
        return replace(self, scores=self.scores.half().float())

    def resized(self, size: tuple[int, int] | None = None) -> ScoreMaps:
        """Return float32 maps interpolated (bilinear) to ``size``, by default that of the image."""
        size = tuple(size or self.size)

        def resize(maps: Tensor) -> Tensor:
            maps = maps.float()
            if tuple(maps.shape[-2:]) == size:
                return maps
            if len(maps) == 0:
                return maps.new_zeros(0, *size)
            return F.interpolate(maps[None], size, mode='bilinear', align_corners=False)[0]

        background = None if self.background is None else resize(self.background[None])[0]
        return replace(self, scores=resize(self.scores), background=background)

    def planes(self) -> Tensor:
        """Return background, where there is one, and classes together: ``(1 + K', h, w)``."""
        if self.background is None:
            return self.scores
        return torch.cat([self.background[None], self.scores])

    def with_planes(self, planes: Tensor) -> ScoreMaps:
        """Return maps of the same image and classes with ``planes`` as :meth:`planes` has them.

        Args:
            planes: float ``(1 + K', h, w)``, or ``(K', h, w)`` for maps without a background.
        """
        background = planes[0] if len(planes) > len(self.keys) else None
        return replace(self, scores=planes[len(planes) - len(self.keys) :], background=background)
