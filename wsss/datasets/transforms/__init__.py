# SPDX-License-Identifier: Apache-2.0
"""What happens to one image in a loader worker."""

from .agreed_labels import AgreedLabels
from .annotate import AnnotationTransform, SimulatedAnnotation
from .append_saliency import AppendSaliency
from .combine_scores import CombineScores
from .confident_labels import ConfidentLabels
from .label_scores import LabelScores
from .load_boxes import LoadBoxes
from .load_features import LoadFeatures
from .load_image import LoadImage
from .load_mask import LoadMask
from .load_points import LoadPoints
from .load_regions import LoadRegions
from .load_saliency import LoadSaliency
from .load_scores import LoadScores
from .load_scribbles import LoadScribbles
from .load_sub_categories import LoadSubCategories
from .make_regions import MakeRegions
from .make_seeds import MakeSeeds
from .maps_as_fields import MapsAsFields
from .merge_classes import MergeClasses
from .multi_scale_views import MultiScaleViews, view_size
from .pack_regions import PackRegions
from .pack_scores import PackScores
from .pack_views import PackViews
from .padded_crop import PaddedCrop
from .refine import Refine
from .resize_maps import ResizeMaps
from .simulate_boxes import SimulateBoxes
from .simulate_points import SimulatePoints
from .simulate_scribbles import SimulateScribbles

__all__ = [
    'AnnotationTransform',
    'AgreedLabels',
    'AppendSaliency',
    'CombineScores',
    'ConfidentLabels',
    'LabelScores',
    'LoadBoxes',
    'LoadFeatures',
    'LoadImage',
    'LoadMask',
    'LoadPoints',
    'LoadRegions',
    'LoadSaliency',
    'LoadScores',
    'LoadScribbles',
    'LoadSubCategories',
    'MakeRegions',
    'MakeSeeds',
    'MapsAsFields',
    'PackRegions',
    'PackScores',
    'MergeClasses',
    'MultiScaleViews',
    'view_size',
    'PackViews',
    'PaddedCrop',
    'Refine',
    'ResizeMaps',
    'SimulateBoxes',
    'SimulatePoints',
    'SimulateScribbles',
    'SimulatedAnnotation',
]
