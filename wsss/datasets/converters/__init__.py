# SPDX-License-Identifier: Apache-2.0
"""From official archives to the folders that the data sets read."""

from .archive import extract_tar, extract_zip
from .coco14 import convert_coco14
from .download import check_md5, download
from .oxford_pet import convert_oxford_pet, find_problems
from .sbd import convert_sbd
from .stanford_background import convert_stanford_background
from .voc12 import convert_voc12

__all__ = [
    'check_md5',
    'convert_coco14',
    'convert_oxford_pet',
    'convert_sbd',
    'convert_stanford_background',
    'convert_voc12',
    'download',
    'extract_tar',
    'extract_zip',
    'find_problems',
]
