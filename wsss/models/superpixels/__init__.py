# SPDX-License-Identifier: Apache-2.0
"""Networks that part an image into superpixels, and what trains them."""

from .kernel_head import KernelHead
from .sp_cam_classifier import SPCAMClassifier
from .superpixel_fcn import SuperpixelFCN
from .superpixel_net import SuperpixelNet
from .superpixel_net_walk import SuperpixelNetWalk

__all__ = ['KernelHead', 'SPCAMClassifier', 'SuperpixelFCN', 'SuperpixelNet', 'SuperpixelNetWalk']
