# SPDX-License-Identifier: Apache-2.0
"""The base of all refiners."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from ..errors import DataError
from ..structures import ScoreMaps


class BaseRefiner(ABC):
    """Score maps that follow the image, from coarse ones: override :meth:`refine`.

    A refiner works on one image, in a worker process of the loader or on the device of a stage;
    refiners chain.

    Example:
        >>> class Square(BaseRefiner):
        ...     def refine(self, image, maps):
        ...         return ScoreMaps(maps.keys, maps.scores**2, maps.size)
    """

    takes_image_id: bool = False
    """Whether :meth:`refine` and :meth:`refine_all` have an argument ``image_id``."""

    uses_device: bool = False
    """Whether it works on the device given to :meth:`to`; others stay on the CPU."""

    device: torch.device = torch.device('cpu')
    """Where it works."""

    def to(self, device: torch.device | str) -> BaseRefiner:
        """Work on ``device`` from now on, if it is of use; return itself."""
        if self.uses_device:
            self.device = torch.device(device)
        return self

    @abstractmethod
    def refine(self, image: np.ndarray, maps: ScoreMaps) -> ScoreMaps:
        """Return maps of the same classes and image.

        Args:
            image: uint8 RGB ``(H, W, 3)``, contiguous, may be read-only; must not be changed.
            maps: Of at least one class, finite, on ``self.device``, with the size of the image.
        """

    def __call__(
        self, image: np.ndarray, maps: ScoreMaps, image_id: str | None = None
    ) -> ScoreMaps:
        """Check the input and refine it. An image without classes is background.

        Args:
            image: uint8 RGB ``(H, W, 3)``.
            maps: With the size of the image; scores may be smaller. On any device; those returned
                are on ``self.device``.
            image_id: Where it is known.

        Raises:
            DataError: If the image is not such, or maps hold NaN or infinity or are of another
                image.
        """
        return self.refine_views(image, [maps], image_id)[0]

    def refine_views(
        self, image: np.ndarray, views: Sequence[ScoreMaps], image_id: str | None = None
    ) -> list[ScoreMaps]:
        """Refine several maps of one image, which may share what depends on the image alone.

        Args:
            image: uint8 RGB ``(H, W, 3)``.
            views: Maps of the same classes, such as those under two backgrounds.
            image_id: Where it is known.
        """
        views = [maps.to(self.device) for maps in views]
        for maps in views:
            self._check(image, maps)
        if any(not len(maps.keys) for maps in views):
            return [self.without_classes(maps) for maps in views]
        named = dict(image_id=image_id) if self.takes_image_id else {}
        return self.refine_all(np.ascontiguousarray(image), views, **named)

    def refine_all(
        self, image: np.ndarray, views: list[ScoreMaps], **named: str | None
    ) -> list[ScoreMaps]:
        """Refine one after the other; override it where they can share work."""
        return [self.refine(image, maps, **named) for maps in views]

    def without_classes(self, maps: ScoreMaps) -> ScoreMaps:
        """Return background everywhere."""
        return replace(maps, background=torch.ones(maps.scores.shape[1:], device=self.device))

    def _check(self, image: np.ndarray, maps: ScoreMaps) -> None:
        name = type(self).__name__
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise DataError(
                f'{name} needs the RGB image as uint8 (H, W, 3), got {image.dtype} '
                f'{image.shape}. Load it with wsss.LoadImage and do not normalise it.'
            )
        if tuple(image.shape[:2]) != maps.size:
            raise DataError(
                f'{name}: the maps are of an image of {maps.size[0]} x {maps.size[1]} pixels, the '
                f'image has {image.shape[0]} x {image.shape[1]}. Maps and images do not belong '
                'together; make the maps again.'
            )
        for what, values in (('scores', maps.scores), ('background', maps.background)):
            if values is not None and not bool(torch.isfinite(values).all()):
                raise DataError(f'{name}: the {what} of the maps hold NaN or infinity.')
