# SPDX-License-Identifier: Apache-2.0
"""Loops that are not one pass over a loader."""

from .choose_weights import ChooseWeights
from .per_image_loop import PerImageLoop
from .pseudo_label_loop import PseudoLabelLoop
from .sub_category_loop import SubCategoryLoop
from .sweep_loop import SweepLoop

__all__ = ['ChooseWeights', 'PerImageLoop', 'PseudoLabelLoop', 'SubCategoryLoop', 'SweepLoop']
