# SPDX-License-Identifier: Apache-2.0
"""Decode heads that mmseg lacks."""

from .unet_head import UNetHead

__all__ = ['UNetHead']
