# SPDX-License-Identifier: Apache-2.0
"""What every pseudo-labeler does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from ...errors import ConfigError
from ...structures import ScoreMaps


class PseudoLabeler(ABC):
    """Turns the score maps of an image into a label map.

    Subclasses that can be given a background threshold found by a search set ``searchable`` and
    return a copy of themselves from :meth:`with_threshold`. An image without classes is all
    background.
    """

    searchable: bool = False
    """Whether the background decision has one threshold that a search may choose."""

    protocol: str = 'fixed'
    """Where the decision comes from when nothing is searched: ``fixed`` or ``label_free``."""

    threshold: float | None = None
    """The background threshold in use; None where there is none, or none yet."""

    @abstractmethod
    def __call__(self, maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
        """Label one image.

        Args:
            maps: Scores of the present classes.
            class_to_label: The label id of every image-level class.

        Returns:
            uint8 ``(H, W)`` on the device of the maps: 0 background, 1..K classes, 255 ignore.
        """

    def with_threshold(self, value: float) -> PseudoLabeler:
        """Return a labeler of the same kind with the background threshold ``value``."""
        raise ConfigError(f'{type(self).__name__} has no threshold to be set or searched.')

    def with_thresholds(self, values: Sequence[float]) -> PseudoLabeler:
        """Return a labeler of the same kind with the thresholds ``values`` of the labels 1..K."""
        raise ConfigError(
            f'{type(self).__name__} has no threshold for each label. Use PerClassThreshold, or '
            'a source of a single threshold such as HeldOutThreshold.'
        )

    def describe(self) -> dict:
        """Return the values in use, for the files and the record of the stage."""
        return {'type': type(self).__name__}

    def needs_threshold(self) -> float:
        """Return the threshold or say how to give one."""
        if self.threshold is None:
            raise ConfigError(
                f'{type(self).__name__} has no threshold yet: give it one, or let the stage choose '
                "it with test_cfg.threshold = dict(type='HeldOutThreshold')."
            )
        return self.threshold
