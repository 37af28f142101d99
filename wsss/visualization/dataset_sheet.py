# SPDX-License-Identifier: Apache-2.0
"""Pages of images of a data set with their labels, boxes and masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from ..datasets.image_io import read_image
from ..datasets.mask_io import read_mask
from .contact_sheet import Panel, SheetRow, contact_sheet, fit_size
from .overlay import VOID
from .sample_panels import Legend, label_panel

_BOX_PX = 2


def draw_boxes(image: np.ndarray, boxes: Sequence[tuple], scale: float, legend: Legend) -> None:
    """Draw boxes into an image, in the colours of their classes.

    Args:
        image: uint8 ``(h, w, 3)``, RGB; changed in place.
        boxes: ``(x1, y1, x2, y2, class id)`` in pixels of the whole image.
        scale: Pixels of ``image`` per pixel of the whole image.
        legend: Colours.
    """
    for x1, y1, x2, y2, class_id in boxes:
        first = (round(x1 * scale), round(y1 * scale))
        last = (round(x2 * scale) - 1, round(y2 * scale) - 1)
        colour = tuple(int(channel) for channel in legend.colour(int(class_id)))
        cv2.rectangle(image, first, last, colour, _BOX_PX)


def record_row(info: dict, legend: Legend, panel: int) -> SheetRow:
    """Draw one image of a data set: with its boxes, and with its mask if it has one.

    Args:
        info: Of ``WSSSDataset.get_data_info``.
        legend: Names and colours.
        panel: Side of a panel in pixels.

    Raises:
        DataError: If the image or its mask cannot be read.
    """
    image = read_image(info['img_path'], info['image_id'])
    height, width = fit_size(*image.shape[:2], panel)
    small = cv2.resize(image, (width, height), None, 0, 0, cv2.INTER_AREA)
    drawn = small.copy()
    draw_boxes(drawn, info['boxes'], width / image.shape[1], legend)
    size = f'{image.shape[0]} x {image.shape[1]}'
    notes = [size, *(['held out'] if info.get('held_out') else [])]
    boxes = f'{len(info["boxes"])} boxes' if info['boxes'] else ''
    panels = [Panel('\n'.join([', '.join(notes), *([boxes] if boxes else [])]), drawn), None]
    if info['mask_path'] is not None:
        mask = read_mask(
            info['mask_path'], info['num_labels'], image.shape[:2], info['mask_values'],
            info['image_id'],
        )  # fmt: skip
        panels[1] = label_panel(small, mask, legend)
        if (mask == VOID).all():
            panels[1] = panels[1]._replace(wrong=True)
    tags = [(legend.image_class(c), legend.colour(c)) for c in info['gt_label']]
    return SheetRow(info['image_id'], panels, tags or [('no class', (0, 0, 0))])


def dataset_sheets(
    infos: Sequence[dict],
    metainfo: dict,
    title: str = '',
    panel: int = 176,
    per_page: int = 24,
    across: int = 3,
) -> Iterator[np.ndarray]:
    """Yield pages of images with labels, boxes and masks.

    Args:
        infos: The images, of ``WSSSDataset.get_data_info``.
        metainfo: Of the data set: names and colours.
        title: First line of each page.
        panel: Side of a panel in pixels, at least 32.
        per_page: Images on a page.
        across: Images side by side.

    Yields:
        uint8 ``(H, W, 3)``, RGB.

    Raises:
        DataError: If an image or mask cannot be read.
    """
    legend = Legend.from_metainfo(metainfo)
    pages = range(0, len(infos), per_page)
    for number, start in enumerate(pages, 1):
        rows = [record_row(info, legend, panel) for info in infos[start : start + per_page]]
        columns = ['image', 'mask']
        if all(row.panels[1] is None for row in rows):
            columns = ['image']
            rows = [SheetRow(row.title, row.panels[:1], row.tags) for row in rows]
        head = f'{title}, page {number} of {len(pages)}' if len(pages) > 1 else title
        yield contact_sheet(rows, columns, head, panel, across)
