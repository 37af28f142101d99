# SPDX-License-Identifier: Apache-2.0
"""Backbones that mmpretrain lacks."""

from .plain_conv_net import PlainConvNet

__all__ = ['PlainConvNet']
