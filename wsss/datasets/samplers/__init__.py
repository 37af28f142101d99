# SPDX-License-Identifier: Apache-2.0
"""Which images make a batch."""

from .group_sampler import GroupSampler

__all__ = ['GroupSampler']
