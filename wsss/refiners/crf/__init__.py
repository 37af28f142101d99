# SPDX-License-Identifier: Apache-2.0
"""Dense CRF: parameters, energies and four engines behind one interface."""

from .engines import CRF, ENGINES, check_engine, make_crf
from .params import PRESETS, CRFParams, crf_params
from .unary import unary_from_labels, unary_from_scores

__all__ = [
    'CRF',
    'ENGINES',
    'PRESETS',
    'CRFParams',
    'check_engine',
    'crf_params',
    'make_crf',
    'unary_from_labels',
    'unary_from_scores',
]
