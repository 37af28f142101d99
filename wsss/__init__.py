# SPDX-License-Identifier: Apache-2.0
"""Weakly supervised semantic segmentation on the OpenMMLab stack."""

from .version import __version__

__all__ = ['__version__']
