# SPDX-License-Identifier: Apache-2.0
"""Class activation maps."""

from .base import BaseCAM
from .cam import CAM
from .ecs import ECS
from .fusion import ViewFusion, grid_size
from .grad_cam import GradCAM
from .grad_cam_plus_plus import GradCAMPlusPlus
from .gradient_cam import GradientCAM
from .layer_maps import LayerMaps
from .observation import Observation
from .preparation import Preparation
from .softmax_cam import SoftmaxCAM
from .sub_category_cam import SubCategoryCAM

__all__ = [
    'BaseCAM',
    'CAM',
    'ECS',
    'GradCAM',
    'GradCAMPlusPlus',
    'GradientCAM',
    'LayerMaps',
    'Observation',
    'Preparation',
    'SoftmaxCAM',
    'SubCategoryCAM',
    'ViewFusion',
    'grid_size',
]
