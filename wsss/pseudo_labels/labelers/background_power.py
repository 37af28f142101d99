# SPDX-License-Identifier: Apache-2.0
"""Background as a power of what the classes leave over."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ...checks import check_number, check_unit
from ...errors import ConfigError
from ...ops.background_power import power_to_threshold, threshold_to_power
from ...ops.best_class import best_class
from ...registry import PSEUDO_LABELERS
from ...structures import ScoreMaps
from .base import PseudoLabeler


@PSEUDO_LABELERS.register_module()
class BackgroundPower(PseudoLabeler):
    """The argmax over the background ``(1 - max_k M_k)^alpha`` and the class maps.

    Ahn and Kwak, CVPR 2018 (AffinityNet), with alpha 4, 16 and 32. As a label map this is the same
    as the global threshold t with ``(1 - t)^alpha = t`` (alpha 4: 0.276, 16: 0.123, 32: 0.077), and
    that is how it is computed, so a search over t is a search over alpha. Soft background scores,
    where the two differ, are :func:`wsss.ops.background_power.background_power`.

    Args:
        alpha: Positive; None leaves it to the search of the stage. Larger means less background.
        threshold: The same, given as t in [0, 1]; at most one of the two.

    Raises:
        ConfigError: If ``alpha`` is not positive, or both are given.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.2, 0.3]]]), size=(1, 2))
        >>> BackgroundPower(alpha=4)(maps, class_to_label=(1,))
        tensor([[0, 1]], dtype=torch.uint8)
    """

    searchable = True

    def __init__(self, alpha: float | None = None, threshold: float | None = None):
        if alpha is not None and threshold is not None:
            raise ConfigError(
                'BackgroundPower takes alpha or threshold, which says the same, not both; got '
                f'alpha={alpha}, threshold={threshold}'
            )
        if alpha is not None:
            alpha = check_number(alpha, 'BackgroundPower.alpha', 0, above=True)
            threshold = power_to_threshold(alpha)
        self.threshold = check_unit(threshold, 'BackgroundPower.threshold', optional=True)
        self.alpha = alpha
        if alpha is None and threshold is not None:
            self.alpha = threshold_to_power(self.threshold)

    def __call__(self, maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
        """Label one image; see :meth:`PseudoLabeler.__call__`."""
        threshold = self.needs_threshold()
        label, score = best_class(maps, class_to_label)
        return label.masked_fill(score < threshold, 0)

    def with_threshold(self, value: float) -> BackgroundPower:
        """Return a labeler with the alpha that amounts to the threshold ``value``."""
        return BackgroundPower(threshold=value)

    def describe(self) -> dict:
        """Return alpha (None for infinity) and the threshold that it amounts to."""
        alpha = None if self.alpha is None or self.alpha == float('inf') else self.alpha
        return {'type': 'BackgroundPower', 'alpha': alpha, 'threshold': self.threshold}
