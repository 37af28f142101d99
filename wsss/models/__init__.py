# SPDX-License-Identifier: Apache-2.0
"""Networks and the models of the per-image stages."""

from .backbones import PlainConvNet, TorchvisionBackbone
from .classifiers import CAMClassifier
from .pseudo_label_model import PseudoLabelModel

__all__ = ['CAMClassifier', 'PlainConvNet', 'PseudoLabelModel', 'TorchvisionBackbone']
