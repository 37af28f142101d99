# SPDX-License-Identifier: Apache-2.0
"""Groups of images that look alike."""

from .base import BaseClusterer
from .finch import FINCH
from .kmeans import KMeans

__all__ = ['BaseClusterer', 'FINCH', 'KMeans']
