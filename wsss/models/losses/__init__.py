# SPDX-License-Identifier: Apache-2.0
"""Losses that mmpretrain and mmsegmentation lack."""

from .softmax_focal_loss import SoftmaxFocalLoss

__all__ = ['SoftmaxFocalLoss']
