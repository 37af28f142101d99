# SPDX-License-Identifier: Apache-2.0
"""Seeds: score maps from weak labels other than image labels."""

from .base import BaseSeed
from .box_heatmap import BoxHeatmap
from .point_seeds import PointSeeds
from .saliency_map import SaliencyMap
from .scribble_seeds import ScribbleSeeds

__all__ = ['BaseSeed', 'BoxHeatmap', 'PointSeeds', 'SaliencyMap', 'ScribbleSeeds']
