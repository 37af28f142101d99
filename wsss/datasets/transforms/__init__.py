# SPDX-License-Identifier: Apache-2.0
"""What happens to one image in a loader worker."""

from .confident_labels import ConfidentLabels
from .load_image import LoadImage
from .load_mask import LoadMask
from .load_scores import LoadScores
from .multi_scale_views import MultiScaleViews, view_size
from .pack_scores import PackScores
from .pack_views import PackViews
from .refine import Refine

__all__ = [
    'ConfidentLabels',
    'LoadImage',
    'LoadMask',
    'LoadScores',
    'PackScores',
    'MultiScaleViews',
    'view_size',
    'PackViews',
    'Refine',
]
