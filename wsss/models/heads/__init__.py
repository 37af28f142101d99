# SPDX-License-Identifier: Apache-2.0
"""Heads that mmseg and mmpretrain lack."""

from .aspp_v2_head import ASPPV2Head
from .distill_head import DistillHead
from .eps_head import EPSHead
from .large_fov_head import LargeFOVHead
from .sub_category_head import SubCategoryHead
from .unet_head import UNetHead

__all__ = [
    'ASPPV2Head',
    'DistillHead',
    'EPSHead',
    'LargeFOVHead',
    'SubCategoryHead',
    'UNetHead',
]
