# SPDX-License-Identifier: Apache-2.0
"""Backbones that mmpretrain lacks."""

from .plain_conv_net import PlainConvNet
from .resnet38d import ResNet38d
from .simple_unet import SimpleUNet
from .torchvision_backbone import TorchvisionBackbone

__all__ = ['PlainConvNet', 'ResNet38d', 'SimpleUNet', 'TorchvisionBackbone']
