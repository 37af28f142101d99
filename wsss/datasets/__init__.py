# SPDX-License-Identifier: Apache-2.0
"""Data sets."""

from .background_pictures import BackgroundPictures
from .base import IGNORE, ImageRecord, WSSSDataset
from .bsds500 import BSDS500
from .coco14 import COCO14
from .folder import FolderDataset
from .oxford_pet import OxfordPet
from .shapes import Shapes
from .stanford_background import StanfordBackground
from .voc12 import VOC12
from .with_background import WithBackground

__all__ = [
    'BSDS500',
    'BackgroundPictures',
    'COCO14',
    'FolderDataset',
    'IGNORE',
    'ImageRecord',
    'OxfordPet',
    'Shapes',
    'StanfordBackground',
    'VOC12',
    'WSSSDataset',
    'WithBackground',
]
