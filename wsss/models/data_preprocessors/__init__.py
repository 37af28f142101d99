# SPDX-License-Identifier: Apache-2.0
"""What happens to a batch on its way into a network."""

from .cam_preprocessor import CAMPreprocessor

__all__ = ['CAMPreprocessor']
