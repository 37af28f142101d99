# SPDX-License-Identifier: Apache-2.0
"""What the stages hand to each other."""

from .annotation import BACKGROUND, UNLABELLED, Annotation
from .data_sample import WSSSDataSample
from .score_maps import ScoreMaps
from .score_store import ScoreStore, check_image_id
from .views import Views

__all__ = [
    'BACKGROUND',
    'UNLABELLED',
    'Annotation',
    'ScoreMaps',
    'ScoreStore',
    'Views',
    'WSSSDataSample',
    'check_image_id',
]
