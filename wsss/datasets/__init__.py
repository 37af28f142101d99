# SPDX-License-Identifier: Apache-2.0
"""Data sets."""

from .base import IGNORE, ImageRecord, WSSSDataset
from .oxford_pet import OxfordPet
from .shapes import Shapes

__all__ = ['IGNORE', 'ImageRecord', 'OxfordPet', 'Shapes', 'WSSSDataset']
