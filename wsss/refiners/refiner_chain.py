# SPDX-License-Identifier: Apache-2.0
"""Refiners one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..errors import ConfigError, DataError
from ..registry import REFINERS, build
from ..structures import ScoreMaps
from .base import BaseRefiner


class RefinerChain:
    """Refiners one after the other; what one of them refuses names the image.

    Args:
        refiners: Configs of refiners, or one.
        where: The config key they came from, such as ``Refine.refiners``.

    Raises:
        ConfigError: If there is none, or one cannot be built.

    Example:
        >>> chain = RefinerChain([dict(type='PAMR'), dict(type='DenseCRF')], 'model.refiners')
        >>> [type(refiner).__name__ for refiner in chain.refiners]
        ['PAMR', 'DenseCRF']
    """

    def __init__(self, refiners: dict | BaseRefiner | Sequence[dict | BaseRefiner], where: str):
        listed = refiners if isinstance(refiners, (list, tuple)) else [refiners]
        if not listed:
            raise ConfigError(f'{where} is empty. Name at least one refiner.')
        self.refiners = [build(REFINERS, one, f'{where}[{i}]') for i, one in enumerate(listed)]

    def to(self, device: torch.device | str) -> RefinerChain:
        """Let those work on ``device`` that can; return the chain."""
        for refiner in self.refiners:
            refiner.to(device)
        return self

    def __call__(
        self, image: np.ndarray, maps: ScoreMaps, image_id: str | None = None
    ) -> ScoreMaps:
        """Refine the maps of an image, see :meth:`refine_views`."""
        return self.refine_views(image, [maps], image_id)[0]

    def refine_tensor(
        self, image: Tensor, maps: ScoreMaps, image_id: str | None = None
    ) -> ScoreMaps:
        """Refine the maps of an image that is uint8 ``(3, H, W)``, see :meth:`refine_views`."""
        picture = image.permute(1, 2, 0).contiguous().cpu().numpy()
        return self(picture, maps, image_id)

    def refine_views(
        self, image: np.ndarray, views: Sequence[ScoreMaps], image_id: str | None = None
    ) -> list[ScoreMaps]:
        """Refine several maps of one image, see :meth:`BaseRefiner.refine_views`.

        Raises:
            DataError: If a refiner refuses them; the message names the image.
        """
        for refiner in self.refiners:
            try:
                views = refiner.refine_views(image, views, image_id)
            except DataError as error:
                raise DataError(f'image {image_id!r}: {error}') from error
        return list(views)
