# SPDX-License-Identifier: Apache-2.0
"""Networks and the models of the per-image stages."""

from .affinity import AffinityNet, BoundaryNet, NeighborAffinityNet
from .backbones import PlainConvNet, ResNet38d, SimpleUNet, TorchvisionBackbone
from .ccam import CCAM, ECSCCAM
from .classifiers import CAMClassifier, FeatureClassifier
from .data_preprocessors import CAMPreprocessor
from .heads import ASPPV2Head, DistillHead, EPSHead, LargeFOVHead, SubCategoryHead, UNetHead
from .losses import (
    ConcentrationLoss,
    DistillLoss,
    EntropyLoss,
    EPSLoss,
    ReconstructionLoss,
    SoftmaxFocalLoss,
    SuperpixelAffinityLoss,
    SuperpixelReconstructionLoss,
)
from .multi_scale_segmentor import MultiScaleSegmentor
from .necks import DropoutPooling
from .pseudo_label_model import PseudoLabelModel
from .refine_model import RefineModel
from .segmentor_saliency import SegmentorSaliency
from .segmentor_scores import SegmentorScores
from .stored_maps_model import StoredMapsModel
from .superpixels import (
    KernelHead,
    SPCAMClassifier,
    SuperpixelFCN,
    SuperpixelNet,
    SuperpixelNetWalk,
)

__all__ = [
    'ASPPV2Head',
    'AffinityNet',
    'BoundaryNet',
    'CAMClassifier',
    'CAMPreprocessor',
    'CCAM',
    'ConcentrationLoss',
    'DistillHead',
    'DistillLoss',
    'DropoutPooling',
    'ECSCCAM',
    'EPSHead',
    'EPSLoss',
    'EntropyLoss',
    'FeatureClassifier',
    'LargeFOVHead',
    'KernelHead',
    'MultiScaleSegmentor',
    'NeighborAffinityNet',
    'PlainConvNet',
    'PseudoLabelModel',
    'ReconstructionLoss',
    'RefineModel',
    'ResNet38d',
    'SPCAMClassifier',
    'SegmentorSaliency',
    'SegmentorScores',
    'SimpleUNet',
    'SoftmaxFocalLoss',
    'StoredMapsModel',
    'SubCategoryHead',
    'SuperpixelAffinityLoss',
    'SuperpixelFCN',
    'SuperpixelNet',
    'SuperpixelNetWalk',
    'SuperpixelReconstructionLoss',
    'TorchvisionBackbone',
    'UNetHead',
]
