# SPDX-License-Identifier: Apache-2.0
"""Where the image labels of a folder of pictures come from."""

from .base import FoundLabels, LabelRow, LabelSource, NumberedLabels, number_labels
from .class_folders import ClassFolders
from .coco_json_labels import CocoJsonLabels
from .csv_labels import CsvLabels
from .mask_labels import MaskLabels
from .voc_xml_labels import VocXmlLabels

__all__ = [
    'ClassFolders',
    'CocoJsonLabels',
    'CsvLabels',
    'FoundLabels',
    'LabelRow',
    'LabelSource',
    'MaskLabels',
    'NumberedLabels',
    'VocXmlLabels',
    'number_labels',
]
