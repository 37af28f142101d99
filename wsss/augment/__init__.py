# SPDX-License-Identifier: Apache-2.0
"""Images of a batch mixed with each other, and their labels alike."""

from .base import BatchMix, blend
from .fmix import FMix
from .manifold_mixup import ManifoldMixup

__all__ = ['BatchMix', 'FMix', 'ManifoldMixup', 'blend']
