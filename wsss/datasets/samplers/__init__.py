# SPDX-License-Identifier: Apache-2.0
"""Which images make a batch."""

from .background_ratio_sampler import BackgroundRatioSampler
from .group_sampler import GroupSampler

__all__ = ['BackgroundRatioSampler', 'GroupSampler']
