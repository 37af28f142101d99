# SPDX-License-Identifier: Apache-2.0
"""Networks and the models of the per-image stages."""

from .affinity import AffinityNet, BoundaryNet, NeighborAffinityNet
from .backbones import PlainConvNet, ResNet38d, SimpleUNet, TorchvisionBackbone
from .ccam import CCAM, ECSCCAM
from .classifiers import CAMClassifier, FeatureClassifier
from .heads import ASPPV2Head, DistillHead, LargeFOVHead, SubCategoryHead, UNetHead
from .losses import ConcentrationLoss, DistillLoss, EntropyLoss, SoftmaxFocalLoss
from .multi_scale_segmentor import MultiScaleSegmentor
from .necks import DropoutPooling
from .pseudo_label_model import PseudoLabelModel
from .refine_model import RefineModel
from .segmentor_scores import SegmentorScores
from .stored_maps_model import StoredMapsModel

__all__ = [
    'ASPPV2Head',
    'AffinityNet',
    'BoundaryNet',
    'CAMClassifier',
    'CCAM',
    'ConcentrationLoss',
    'DistillHead',
    'DistillLoss',
    'DropoutPooling',
    'ECSCCAM',
    'EntropyLoss',
    'FeatureClassifier',
    'LargeFOVHead',
    'MultiScaleSegmentor',
    'NeighborAffinityNet',
    'PlainConvNet',
    'PseudoLabelModel',
    'RefineModel',
    'ResNet38d',
    'SegmentorScores',
    'SimpleUNet',
    'SoftmaxFocalLoss',
    'StoredMapsModel',
    'SubCategoryHead',
    'TorchvisionBackbone',
    'UNetHead',
]
