# SPDX-License-Identifier: Apache-2.0
"""From score maps to label maps."""

from .area_prior import AreaPrior
from .arg_max import ArgMax
from .background_power import BackgroundPower
from .base import PseudoLabeler
from .clean_regions import CleanRegions
from .confidence import ConfidenceLabeler
from .dual_threshold import DualThreshold
from .global_threshold import GlobalThreshold
from .irn_confidence import IRNConf
from .otsu import Otsu
from .per_class_threshold import PerClassThreshold
from .psa_confidence import PSAConf
from .quantile import Quantile

__all__ = [
    'AreaPrior',
    'ArgMax',
    'BackgroundPower',
    'CleanRegions',
    'ConfidenceLabeler',
    'DualThreshold',
    'GlobalThreshold',
    'IRNConf',
    'Otsu',
    'PSAConf',
    'PerClassThreshold',
    'PseudoLabeler',
    'Quantile',
]
