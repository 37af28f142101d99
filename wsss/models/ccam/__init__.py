# SPDX-License-Identifier: Apache-2.0
"""Class-agnostic activation maps."""

from .ccam import CCAM

__all__ = ['CCAM']
