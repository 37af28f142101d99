# SPDX-License-Identifier: Apache-2.0
"""Losses that mmpretrain and mmsegmentation lack."""

from .concentration_loss import ConcentrationLoss
from .distill_loss import DistillLoss
from .entropy_loss import EntropyLoss
from .map_loss import MapLoss
from .softmax_focal_loss import SoftmaxFocalLoss

__all__ = ['ConcentrationLoss', 'DistillLoss', 'EntropyLoss', 'MapLoss', 'SoftmaxFocalLoss']
