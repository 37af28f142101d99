# SPDX-License-Identifier: Apache-2.0
"""Where the background threshold comes from."""

from .base import DEFAULT_GRID, Threshold, ThresholdChoice
from .earlier_threshold import EarlierThreshold
from .fixed_threshold import FixedThreshold
from .held_out_threshold import HeldOutThreshold
from .oracle_threshold import OracleThreshold

__all__ = [
    'DEFAULT_GRID',
    'EarlierThreshold',
    'FixedThreshold',
    'HeldOutThreshold',
    'OracleThreshold',
    'Threshold',
    'ThresholdChoice',
]
