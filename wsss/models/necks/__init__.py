# SPDX-License-Identifier: Apache-2.0
"""What lies between a backbone and the head of a classifier."""

from .dropout_pooling import DropoutPooling

__all__ = ['DropoutPooling']
