# SPDX-License-Identifier: Apache-2.0
"""Pictures to look at."""

from .contact_sheet import Panel, SheetRow, contact_sheet, fit_image, fit_size
from .overlay import colourise, overlay_mask, overlay_scores, score_colours
from .palette import VOID_COLOUR, full_palette, voc_palette
from .report import write_report

__all__ = [
    'VOID_COLOUR',
    'Panel',
    'SheetRow',
    'colourise',
    'contact_sheet',
    'fit_image',
    'fit_size',
    'full_palette',
    'overlay_mask',
    'overlay_scores',
    'score_colours',
    'voc_palette',
    'write_report',
]
