# SPDX-License-Identifier: Apache-2.0
"""What happens around a loop."""

from .checkpoint_hook import CheckpointHook
from .contact_sheet import ContactSheetHook
from .ema_teacher import EMATeacher
from .epoch_seed import EpochSeedHook
from .feature_writer import FeatureWriter
from .mask_writer import MaskWriter
from .polarity_hook import PolarityHook
from .progress import ProgressHook
from .ramp_loss_weight import RampLossWeight
from .saliency_writer import SaliencyWriter
from .score_writer import ScoreWriter
from .strict_load_hook import StrictLoadHook

__all__ = [
    'CheckpointHook',
    'ContactSheetHook',
    'EMATeacher',
    'EpochSeedHook',
    'FeatureWriter',
    'MaskWriter',
    'PolarityHook',
    'ProgressHook',
    'RampLossWeight',
    'SaliencyWriter',
    'ScoreWriter',
    'StrictLoadHook',
]
