# SPDX-License-Identifier: Apache-2.0
"""Confident labels of AffinityNet."""

from __future__ import annotations

from torch import Tensor

from ...checks import check_number
from ...errors import ConfigError
from ...ops.background import with_power_background
from ...ops.confusion import IGNORE
from ...registry import PSEUDO_LABELERS
from ...structures import ScoreMaps
from .confidence import ConfidenceLabeler


@PSEUDO_LABELERS.register_module()
class PSAConf(ConfidenceLabeler):
    """Class under the amplified background, background under the weakened one, 255 elsewhere.

    Ahn and Kwak, "Learning Pixel-Level Semantic Affinity with Image-Level Supervision for Weakly
    Supervised Semantic Segmentation", CVPR 2018, with the background ``(1 - max_k M_k)^alpha``. The
    best class under ``alpha_low`` is the label; what is background there is 255; what is background
    under ``alpha_high`` is background in any case, also where refined views disagree.

    Args:
        alpha_low: Positive; the smaller, the stronger the background.
        alpha_high: At least ``alpha_low``.

    Raises:
        ConfigError: For values out of range or order.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.02, 0.2, 0.8]]]), size=(1, 3))
        >>> PSAConf()(maps, class_to_label=(1,))
        tensor([[  0, 255,   1]], dtype=torch.uint8)
    """

    def __init__(self, alpha_low: float = 4, alpha_high: float = 32):
        self.alpha_low = check_number(alpha_low, 'PSAConf.alpha_low', 0, above=True)
        self.alpha_high = check_number(alpha_high, 'PSAConf.alpha_high', 0, above=True)
        if alpha_low > alpha_high:
            raise ConfigError(
                'PSAConf.alpha_low must not be larger than alpha_high, got '
                f'alpha_low={alpha_low}, alpha_high={alpha_high}'
            )

    def branches(self, maps: ScoreMaps) -> tuple[ScoreMaps, ScoreMaps]:
        """Return the maps with the background of ``alpha_low`` and of ``alpha_high``."""
        return (
            with_power_background(maps, self.alpha_low),
            with_power_background(maps, self.alpha_high),
        )

    def combine(self, strong: Tensor, weak: Tensor) -> Tensor:
        """Return 0 where ``weak`` is background, else the class of ``strong``, else 255."""
        return strong.masked_fill(strong == 0, IGNORE).masked_fill_(weak == 0, 0)

    def describe(self) -> dict:
        """Return the two powers."""
        return {'type': 'PSAConf', 'alpha_low': self.alpha_low, 'alpha_high': self.alpha_high}
