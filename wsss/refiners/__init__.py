# SPDX-License-Identifier: Apache-2.0
"""Refiners: coarse score maps in, maps that follow the image out."""

from .base import BaseRefiner
from .class_morphology import ClassMorphology
from .dense_crf import DenseCRF
from .guided_filter import GuidedFilter
from .pamr import PAMR
from .par import PAR
from .refiner_chain import RefinerChain
from .superpixel_vote import SuperpixelVote
from .superpixel_walk import SuperpixelWalk

__all__ = [
    'PAMR',
    'PAR',
    'BaseRefiner',
    'ClassMorphology',
    'DenseCRF',
    'GuidedFilter',
    'RefinerChain',
    'SuperpixelVote',
    'SuperpixelWalk',
]
