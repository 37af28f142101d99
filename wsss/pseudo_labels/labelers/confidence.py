# SPDX-License-Identifier: Apache-2.0
"""Labels where two views of the background agree, ignore elsewhere."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from torch import Tensor

from ...ops.background import best_label
from ...structures import ScoreMaps
from .base import PseudoLabeler


class ConfidenceLabeler(PseudoLabeler):
    """Base of the rules that look at the same maps with a strong and with a weak background.

    What is a class although the background is strong is safely the class; what is background
    although the background is weak is safely background; the rest is 255. Published recipes refine
    the two views by a dense CRF before they compare them. So the two steps are methods of their
    own: a refiner takes what :meth:`branches` returns, one after the other, and hands it to
    :meth:`merge`; without a refiner ``labeler(maps, ...)`` is ``merge(branches(maps), ...)``.
    """

    def __call__(self, maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
        """Label one image; see :meth:`PseudoLabeler.__call__`."""
        return self.merge(self.branches(maps), class_to_label)

    @abstractmethod
    def branches(self, maps: ScoreMaps) -> tuple[ScoreMaps, ScoreMaps]:
        """Return the maps at the size of the image under a strong and under a weak background.

        Both have ``background``; a refiner may change ``scores`` and ``background`` of each.
        """

    def merge(self, branches: tuple[ScoreMaps, ScoreMaps], class_to_label: Sequence[int]) -> Tensor:
        """Label one image from the two views, refined or not.

        Args:
            branches: The views under a strong and a weak background, in this order.
            class_to_label: The label id of every image-level class.

        Returns:
            uint8 ``(H, W)``.

        Raises:
            ValueError: If a view has no background.
        """
        strong, weak = (best_label(branch, class_to_label) for branch in branches)
        return self.combine(strong, weak)

    @abstractmethod
    def combine(self, strong: Tensor, weak: Tensor) -> Tensor:
        """Return the label map of two argmax maps uint8 ``(H, W)``."""
