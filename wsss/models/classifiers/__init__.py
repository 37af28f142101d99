# SPDX-License-Identifier: Apache-2.0
"""Classifiers that can explain themselves."""

from .cam_classifier import CAMClassifier
from .feature_classifier import FeatureClassifier

__all__ = ['CAMClassifier', 'FeatureClassifier']
