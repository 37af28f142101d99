# SPDX-License-Identifier: Apache-2.0
"""Superpixels: image in, region ids out."""

from .base import BaseSuperpixels
from .cached import CachedSuperpixels
from .felzenszwalb import Felzenszwalb
from .region_files import RegionFiles
from .seeds import SEEDS
from .slic import SLIC

__all__ = [
    'SEEDS',
    'SLIC',
    'BaseSuperpixels',
    'CachedSuperpixels',
    'Felzenszwalb',
    'RegionFiles',
]
