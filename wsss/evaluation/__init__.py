# SPDX-License-Identifier: Apache-2.0
"""Figures of the stages."""

from .mask_metric import MaskMetric
from .threshold_curve import ThresholdCurve

__all__ = ['MaskMetric', 'ThresholdCurve']
