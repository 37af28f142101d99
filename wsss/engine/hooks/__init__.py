# SPDX-License-Identifier: Apache-2.0
"""What happens around a loop."""

from .contact_sheet import ContactSheetHook
from .epoch_seed import EpochSeedHook
from .mask_writer import MaskWriter
from .progress import ProgressHook
from .score_writer import ScoreWriter

__all__ = ['ContactSheetHook', 'EpochSeedHook', 'MaskWriter', 'ProgressHook', 'ScoreWriter']
