# SPDX-License-Identifier: Apache-2.0
"""Class-agnostic activation maps."""

from .ccam import CCAM
from .ecs_ccam import ECSCCAM

__all__ = ['CCAM', 'ECSCCAM']
