# SPDX-License-Identifier: Apache-2.0
"""The same images through several refiners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from ..datasets.image_io import read_image
from ..evaluation.compare_refiners import Comparison
from ..evaluation.refined_images import RefinedImage
from ..evaluation.threshold_curve import ThresholdCurve
from ..pseudo_labels.thresholds import DEFAULT_GRID
from .contact_sheet import Panel, SheetRow, contact_sheet, fit_size
from .sample_panels import Legend, label_panel


@dataclass
class _Row:
    info: dict
    truth: np.ndarray
    labels: dict[str, np.ndarray]
    scores: dict[str, np.ndarray]
    curves: dict[str, ThresholdCurve]


class RefinerSheet:
    """Collects images while refiners are compared and draws them once the thresholds are known.

    Maps are kept at the size of a panel only.

    Args:
        legend: Names and colours of the data set.
        num_images: How many; more are passed over.
        panel: Side of a panel in pixels.
    """

    def __init__(self, legend: Legend, num_images: int = 8, panel: int = 176):
        self.legend = legend
        self.num_images = num_images
        self.panel = panel
        self._rows: list[_Row] = []

    def add(self, image: RefinedImage) -> None:
        """Keep an image if there is room; held-out images and those with a problem are not shown.

        Args:
            image: What the refiners made of it.
        """
        full = len(self._rows) >= self.num_images
        if full or image.problem or image.info['held_out']:
            return
        size = fit_size(*image.truth.shape, self.panel)[::-1]
        row = _Row(image.info, image.truth.numpy(), {}, {}, {})
        for name, (label, score) in image.refined.items():
            row.labels[name], row.scores[name] = (
                cv2.resize(part.numpy(), size, None, 0, 0, cv2.INTER_NEAREST)
                for part in (label, score)
            )
            row.curves[name] = ThresholdCurve(DEFAULT_GRID, len(self.legend.labels))
            row.curves[name].update(image.truth, label, score)
        self._rows.append(row)

    def draw(self, comparison: Comparison, title: str) -> np.ndarray | None:
        """Return the sheet: image, truth, and the labels of each refiner with the image's mIoU.

        Args:
            comparison: Has the thresholds, the held-out ones where there are any.
            title: Beginning of the first line.

        Returns:
            uint8 ``(H, W, 3)``, RGB; None without images.
        """
        if not self._rows:
            return None
        first = {name: comparison.figures(name)[0] for name in comparison.names}
        thresholds = {name: figures.threshold for name, figures in first.items()}
        protocol = next(iter(first.values())).protocol
        columns = ['image', 'truth', *(f'{n}, {value:.2f}' for n, value in thresholds.items())]
        rows = [self._draw_row(row, thresholds) for row in self._rows]
        return contact_sheet(rows, columns, f'{title}, {protocol} thresholds', self.panel)

    def _draw_row(self, row: _Row, thresholds: Mapping[str, float]) -> SheetRow:
        image = read_image(row.info['img_path'], row.info['image_id'])
        height, width = fit_size(*image.shape[:2], self.panel)
        small = cv2.resize(image, (width, height), None, 0, 0, cv2.INTER_AREA)
        panels = [Panel('', small), label_panel(small, row.truth, self.legend)]
        for name, value in thresholds.items():
            mask = np.where(row.scores[name] < value, np.uint8(0), row.labels[name])
            drawn = label_panel(small, mask, self.legend)
            panels.append(drawn._replace(caption=f'mIoU {row.curves[name].at(value, "all"):.1f}'))
        legend = self.legend
        tags = [(legend.image_class(c), legend.colour(c)) for c in row.info['gt_label']]
        return SheetRow(row.info['image_id'], panels, tags)
