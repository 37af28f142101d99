# SPDX-License-Identifier: Apache-2.0
"""Where the background threshold comes from."""

from .base import DEFAULT_GRID, Threshold, ThresholdChoice, check_grid
from .earlier_threshold import EarlierThreshold
from .fixed_threshold import FixedThreshold
from .held_out_threshold import HeldOutThreshold
from .label_free_threshold import LabelFreeThreshold
from .oracle_threshold import OracleThreshold
from .per_class_thresholds import PerClassThresholds

__all__ = [
    'DEFAULT_GRID',
    'EarlierThreshold',
    'FixedThreshold',
    'HeldOutThreshold',
    'LabelFreeThreshold',
    'OracleThreshold',
    'PerClassThresholds',
    'Threshold',
    'ThresholdChoice',
    'check_grid',
]
