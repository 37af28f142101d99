# SPDX-License-Identifier: Apache-2.0
"""From score maps to label maps."""

from .background_power import BackgroundPower
from .base import PseudoLabeler
from .dual_threshold import DualThreshold
from .global_threshold import GlobalThreshold
from .otsu import Otsu

__all__ = ['BackgroundPower', 'DualThreshold', 'GlobalThreshold', 'Otsu', 'PseudoLabeler']
