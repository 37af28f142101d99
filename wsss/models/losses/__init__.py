# SPDX-License-Identifier: Apache-2.0
"""Losses that mmpretrain and mmsegmentation lack."""

from .concentration_loss import ConcentrationLoss
from .distill_loss import DistillLoss
from .entropy_loss import EntropyLoss
from .eps_loss import EPSLoss
from .map_loss import MapLoss
from .reconstruction_loss import ReconstructionLoss
from .softmax_focal_loss import SoftmaxFocalLoss
from .superpixel_affinity_loss import SuperpixelAffinityLoss
from .superpixel_reconstruction_loss import SuperpixelReconstructionLoss

__all__ = [
    'ConcentrationLoss',
    'DistillLoss',
    'EntropyLoss',
    'EPSLoss',
    'MapLoss',
    'ReconstructionLoss',
    'SoftmaxFocalLoss',
    'SuperpixelAffinityLoss',
    'SuperpixelReconstructionLoss',
]
