# SPDX-License-Identifier: Apache-2.0
"""Data sets."""

from .base import IGNORE, ImageRecord, WSSSDataset

__all__ = ['IGNORE', 'ImageRecord', 'WSSSDataset']
