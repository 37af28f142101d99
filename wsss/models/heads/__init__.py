# SPDX-License-Identifier: Apache-2.0
"""Decode heads that mmseg lacks."""

from .aspp_v2_head import ASPPV2Head
from .large_fov_head import LargeFOVHead
from .unet_head import UNetHead

__all__ = ['ASPPV2Head', 'LargeFOVHead', 'UNetHead']
