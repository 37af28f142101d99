# SPDX-License-Identifier: Apache-2.0
"""One background threshold for all classes."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...checks import check_unit
from ...ops.best_class import best_class
from ...registry import PSEUDO_LABELERS
from ...structures import ScoreMaps
from .base import PseudoLabeler


@PSEUDO_LABELERS.register_module()
class GlobalThreshold(PseudoLabeler):
    """Background where the best class scores below the threshold, else the best class.

    The same as the argmax over a constant background channel and the class maps. Usual values:
    IRNet (Ahn et al., CVPR 2019) 0.15, AffinityNet (Ahn and Kwak, CVPR 2018) 0.2, CCAM (Xie et
    al., CVPR 2022) 0.3.

    Args:
        threshold: In [0, 1]; None leaves it to the search of the stage.

    Example:
        >>> maps = ScoreMaps(torch.tensor([2]), torch.tensor([[[0.2, 0.6]]]), size=(1, 2))
        >>> GlobalThreshold(0.3)(maps, class_to_label=(1, 2, 3))
        tensor([[0, 3]], dtype=torch.uint8)
    """

    searchable = True

    def __init__(self, threshold: float | None = None):
        self.threshold = check_unit(threshold, 'GlobalThreshold.threshold', optional=True)

    def __call__(self, maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
        """Label one image; see :meth:`PseudoLabeler.__call__`."""
        threshold = self.needs_threshold()
        label, score = best_class(maps, class_to_label)
        return label.masked_fill(score < threshold, 0)

    def with_threshold(self, value: float) -> GlobalThreshold:
        """Return a labeler with the threshold ``value``."""
        return GlobalThreshold(value)

    def describe(self) -> dict:
        """Return the threshold in use."""
        return {'type': 'GlobalThreshold', 'threshold': self.threshold}
