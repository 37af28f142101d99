# SPDX-License-Identifier: Apache-2.0
"""Dense CRF: parameters, energies and three engines behind one interface."""

from .engines import CRF, ENGINES, check_engine, choose_engine
from .params import PRESETS, CRFParams, crf_params
from .unary import unary_from_labels, unary_from_scores

__all__ = [
    'CRF',
    'ENGINES',
    'PRESETS',
    'CRFParams',
    'check_engine',
    'choose_engine',
    'crf_params',
    'unary_from_labels',
    'unary_from_scores',
]
