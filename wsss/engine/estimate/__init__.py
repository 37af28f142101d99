# SPDX-License-Identifier: Apache-2.0
"""What the run of a config will cost, found out by trying each stage on generated images."""

from .estimate import estimate
from .report import Assumptions, markdown

__all__ = ['Assumptions', 'estimate', 'markdown']
