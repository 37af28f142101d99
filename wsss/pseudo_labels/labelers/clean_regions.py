# SPDX-License-Identifier: Apache-2.0
"""Any labeler, with small regions dropped and holes closed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...checks import check_flag, check_unit
from ...errors import ConfigError
from ...ops.regions import fill_holes, keep_regions
from ...registry import PSEUDO_LABELERS, build
from ...structures import ScoreMaps
from .base import PseudoLabeler


@PSEUDO_LABELERS.register_module()
class CleanRegions(PseudoLabeler):
    """The labels of another labeler, its regions cleaned; each step is off by default.

    Order: regions below ``min_area`` become background, then all but the largest region of each
    label, then holes are closed. Pixels of 255 are left alone. ``largest_component`` assumes one
    object per class and image, which holds for portraits of pets and not for street scenes. A
    searched threshold is searched without the cleaning.

    Args:
        labeler: Config of a pseudo-labeler.
        min_area: In [0, 1], the share of the image that a region of a class must cover.
        largest_component: Keep only the largest region of each label.
        fill_holes: Give background that is enclosed by one class to that class.

    Raises:
        ConfigError: For values out of range or a labeler that cannot be built.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.9, 0.1, 0.8, 0.7]]]), (1, 4))
        >>> labeler = dict(type='GlobalThreshold', threshold=0.5)
        >>> CleanRegions(labeler, largest_component=True)(maps, class_to_label=(1,))
        tensor([[0, 0, 1, 1]], dtype=torch.uint8)
    """

    def __init__(
        self,
        labeler: dict | PseudoLabeler,
        min_area: float = 0.0,
        largest_component: bool = False,
        fill_holes: bool = False,
    ):
        self.labeler: PseudoLabeler = build(PSEUDO_LABELERS, labeler, 'CleanRegions.labeler')
        if not isinstance(self.labeler, PseudoLabeler):
            raise ConfigError(
                'CleanRegions.labeler must be a pseudo-labeler, such as '
                f"dict(type='GlobalThreshold'), got {labeler!r}."
            )
        self.min_area = check_unit(min_area, 'CleanRegions.min_area')
        self.largest_component = check_flag(largest_component, 'CleanRegions.largest_component')
        self.fill_holes = check_flag(fill_holes, 'CleanRegions.fill_holes')

    @property
    def searchable(self) -> bool:
        """Whether the labeler inside has a threshold to be searched."""
        return self.labeler.searchable

    @property
    def protocol(self) -> str:
        """That of the labeler inside."""
        return self.labeler.protocol

    @property
    def threshold(self) -> float | None:
        """That of the labeler inside."""
        return self.labeler.threshold

    def __call__(self, maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
        """Label one image; see :meth:`PseudoLabeler.__call__`."""
        found = self.labeler(maps, class_to_label)
        labels = found.cpu().numpy()
        if self.min_area or self.largest_component:
            labels = keep_regions(labels, self.min_area * labels.size, self.largest_component)
        if self.fill_holes:
            labels = fill_holes(labels)
        return torch.from_numpy(labels).to(found.device)

    def with_threshold(self, value: float) -> CleanRegions:
        """Return the same cleaning of a labeler with the threshold ``value``."""
        return self._around(self.labeler.with_threshold(value))

    def with_thresholds(self, values: Sequence[float]) -> CleanRegions:
        """Return the same cleaning of a labeler with the thresholds ``values`` of the labels."""
        return self._around(self.labeler.with_thresholds(values))

    def _around(self, labeler: PseudoLabeler) -> CleanRegions:
        return CleanRegions(labeler, self.min_area, self.largest_component, self.fill_holes)

    def needs_threshold(self) -> float:
        """Return the threshold of the labeler inside or say how to give one."""
        return self.labeler.needs_threshold()

    def describe(self) -> dict:
        """Return the steps in use, and the labeler inside."""
        return {
            'type': 'CleanRegions',
            'min_area': self.min_area,
            'largest_component': self.largest_component,
            'fill_holes': self.fill_holes,
            'labeler': self.labeler.describe(),
        }
