# SPDX-License-Identifier: Apache-2.0
"""Figures of the stages."""

from .average_precision import average_precision
from .classifier_health import ClassifierHealth
from .health import health
from .label_change import LabelChange
from .map_health import MapHealth
from .mask_metric import MaskMetric
from .superpixel_metric import SuperpixelMetric
from .threshold_curve import ThresholdCurve

__all__ = [
    'ClassifierHealth',
    'LabelChange',
    'MaskMetric',
    'SuperpixelMetric',
    'ThresholdCurve',
    'average_precision',
    'health',
    'MapHealth',
]
