# SPDX-License-Identifier: Apache-2.0
"""What happens around a loop."""

from .contact_sheet import ContactSheetHook
from .epoch_seed import EpochSeedHook
from .progress import ProgressHook

__all__ = ['ContactSheetHook', 'EpochSeedHook', 'ProgressHook']
