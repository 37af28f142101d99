# SPDX-License-Identifier: Apache-2.0
"""What the stages hand to each other."""

from .annotation import BACKGROUND, UNLABELLED, Annotation
from .data_sample import WSSSDataSample
from .feature_store import FeatureStore
from .score_maps import ScoreMaps
from .score_store import ScoreStore, check_image_id
from .sub_categories import SubCategories
from .views import Views

__all__ = [
    'BACKGROUND',
    'UNLABELLED',
    'Annotation',
    'FeatureStore',
    'ScoreMaps',
    'ScoreStore',
    'SubCategories',
    'Views',
    'WSSSDataSample',
    'check_image_id',
]
