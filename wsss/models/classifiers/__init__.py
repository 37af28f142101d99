# SPDX-License-Identifier: Apache-2.0
"""Classifiers that can explain themselves."""

from .cam_classifier import CAMClassifier

__all__ = ['CAMClassifier']
