# SPDX-License-Identifier: Apache-2.0
"""The base of all seed sources."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch

from ..errors import ConfigError
from ..structures import Annotation, ScoreMaps


class BaseSeed(ABC):
    """Score maps of an image from what is marked in it: override :meth:`make`.

    Example:
        >>> class Whole(BaseSeed):
        ...     needs = ('boxes',)
        ...     def make(self, annotation):
        ...         return self.maps(annotation, np.ones((1, *annotation.size), np.float32))
    """

    needs: tuple[str, ...] = ()
    """Fields of the annotation that must be there."""

    @abstractmethod
    def make(self, annotation: Annotation) -> ScoreMaps:
        """Return maps of all classes of the image, at its size.

        Args:
            annotation: Of at least one class, with the fields in ``needs``.
        """

    def __call__(self, annotation: Annotation) -> ScoreMaps:
        """Check the input and make the maps. An image without classes is background.

        Raises:
            ConfigError: If the annotation lacks what this seed is made of.
            DataError: If it cannot be used.
        """
        for field in self.needs:
            if getattr(annotation, field) is None:
                raise ConfigError(
                    f'{type(self).__name__} needs {field}, which no transform before it has '
                    f'loaded. Put one before wsss.MakeSeeds: {_LOADERS[field]}.'
                )
        if not annotation.labels:
            nothing = np.zeros((0, *annotation.size), np.float32)
            return self.maps(annotation, nothing, np.ones(annotation.size, np.float32))
        return self.make(annotation)

    @staticmethod
    def maps(
        annotation: Annotation, scores: np.ndarray, background: np.ndarray | None = None
    ) -> ScoreMaps:
        """Return arrays ``(K', H, W)`` and ``(H, W)`` as maps of the classes of the image."""
        return ScoreMaps(
            keys=torch.tensor(annotation.labels, dtype=torch.int16),
            scores=torch.from_numpy(scores),
            size=annotation.size,
            background=None if background is None else torch.from_numpy(background),
        )


_LOADERS = dict(
    boxes='wsss.LoadBoxes or wsss.SimulateBoxes',
    points='wsss.LoadPoints or wsss.SimulatePoints',
    scribbles='wsss.LoadScribbles or wsss.SimulateScribbles',
    saliency='wsss.LoadSaliency',
    image='wsss.LoadImage',
)
