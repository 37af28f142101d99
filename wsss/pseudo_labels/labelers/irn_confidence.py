# SPDX-License-Identifier: Apache-2.0
"""Confident labels of IRNet."""

from __future__ import annotations

from torch import Tensor

from ...checks import check_unit
from ...errors import ConfigError
from ...ops.background import with_constant_background
from ...ops.confusion import IGNORE
from ...registry import PSEUDO_LABELERS
from ...structures import ScoreMaps
from .confidence import ConfidenceLabeler


@PSEUDO_LABELERS.register_module()
class IRNConf(ConfidenceLabeler):
    """Class at the high threshold, background at the low one, 255 in between.

    Ahn, Cho and Kwak, "Weakly Supervised Learning of Instance Segmentation with Inter-Pixel
    Relations", CVPR 2019. The best class under the constant background ``fg`` is the label; what
    is background there is 255, unless it is background under the constant ``bg`` too. Without a
    refiner this is :class:`DualThreshold` with ``low=bg, high=fg``; refined views may disagree,
    and then the class of the first stands. A rule of thumb around the best single threshold t is
    ``fg = t + 0.10..0.15``, ``bg = t - 0.10``.

    Args:
        fg: In [0, 1], the strong background.
        bg: In [0, ``fg``], the weak background.

    Raises:
        ConfigError: For values out of range or order.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.02, 0.2, 0.8]]]), size=(1, 3))
        >>> IRNConf()(maps, class_to_label=(1,))
        tensor([[  0, 255,   1]], dtype=torch.uint8)
    """

    def __init__(self, fg: float = 0.30, bg: float = 0.05):
        self.fg, self.bg = check_unit(fg, 'IRNConf.fg'), check_unit(bg, 'IRNConf.bg')
        if self.bg > self.fg:
            raise ConfigError(f'IRNConf.bg must not be larger than fg, got bg={bg}, fg={fg}')

    def branches(self, maps: ScoreMaps) -> tuple[ScoreMaps, ScoreMaps]:
        """Return the maps with the constant backgrounds ``fg`` and ``bg``."""
        return with_constant_background(maps, self.fg), with_constant_background(maps, self.bg)

    def combine(self, strong: Tensor, weak: Tensor) -> Tensor:
        """Return the class of ``strong``; else 0 where ``weak`` is background, else 255."""
        unsure = (strong == 0) & (weak != 0)
        return strong.masked_fill(unsure, IGNORE)

    def describe(self) -> dict:
        """Return the two constants."""
        return {'type': 'IRNConf', 'fg': self.fg, 'bg': self.bg}
