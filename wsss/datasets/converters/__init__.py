# SPDX-License-Identifier: Apache-2.0
"""From official archives to the folders that the data sets read."""

from .archive import extract_tar
from .download import check_md5, download
from .oxford_pet import convert_oxford_pet, find_problems

__all__ = ['check_md5', 'convert_oxford_pet', 'download', 'extract_tar', 'find_problems']
