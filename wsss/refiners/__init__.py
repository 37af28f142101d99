# SPDX-License-Identifier: Apache-2.0
"""Refiners: coarse score maps in, maps that follow the image out."""

from .base import BaseRefiner
from .dense_crf import DenseCRF
from .pamr import PAMR

__all__ = ['PAMR', 'BaseRefiner', 'DenseCRF']
