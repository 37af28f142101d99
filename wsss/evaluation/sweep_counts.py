# SPDX-License-Identifier: Apache-2.0
"""All figures of one checkpoint at all thresholds, from one pass over its maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mmengine.dist as dist
import torch
from torch import Tensor

from ..ops.best_class import best_class
from ..ops.confusion import iou, precision, recall
from ..ops.map_entropy import map_entropy
from ..ops.threshold_curve import pixel_codes
from ..structures import ScoreMaps
from .image_curve import PARTS, ImageCurve
from .threshold_curve import ThresholdCurve

CHOOSES = 'M0 mIoU'
"""The column whose best value on the held-out images chooses."""


class SweepCounts:
    """Sums over the images of a split, kept apart for the held-out images and the rest.

    Args:
        thresholds: Strictly increasing.
        classes: Names of the labels, background first.
        class_to_label: The label id of every image-level class.

    Example:
        >>> counts = SweepCounts([0.2, 0.5], ['background', 'cat'], [1])
        >>> maps = ScoreMaps(torch.tensor([0]), torch.tensor([[[0.3, 0.9]]]), size=(1, 2))
        >>> counts.update(maps, torch.tensor([[0, 1]]))
        >>> [row['M0 mIoU'] for row in counts.rows(3, 'train')]
        [25.0, 100.0]
    """

    def __init__(
        self, thresholds: Sequence[float], classes: Sequence[str], class_to_label: Sequence[int]
    ):
        self.thresholds = list(thresholds)
        self.classes = list(classes)
        self.class_to_label = tuple(class_to_label)
        self._curve = ThresholdCurve(thresholds, len(classes))
        self._images = ImageCurve(thresholds, len(classes))
        self._entropy = torch.zeros(len(PARTS), 2, dtype=torch.float64)  # sum, images with maps

    def update(self, maps: ScoreMaps, truth: Tensor, held_out: bool = False) -> None:
        """Add one image.

        Args:
            maps: Of its classes, at any size.
            truth: Integer ``(H, W)``, ids 0..K and 255.
            held_out: Whether the image belongs to the held-out part.

        Raises:
            ValueError: For maps and truth that do not belong together.
        """
        label, score = best_class(maps, self.class_to_label)
        codes = pixel_codes(
            truth.to(label.device), label, score, self._curve.thresholds, len(self.classes)
        )
        self._curve.update_codes(codes, held_out)
        self._images.update_codes(codes, held_out)
        if maps.scores.numel():
            entropy = map_entropy(maps.scores).double().cpu()
            self._entropy[0 if held_out else 1] += torch.stack([entropy, torch.ones_like(entropy)])

    def reduce(self) -> None:
        """Sum over all ranks; call it once, on every rank, after the last update."""
        self._curve.reduce()
        self._images.reduce()
        dist.all_reduce(self._entropy)

    def rows(self, epoch: int, split: str | None) -> list[dict[str, Any]]:
        """Return a row for each threshold, of the held-out images first, then of the others.

        Args:
            epoch: Of the checkpoint.
            split: Name of the split.

        Returns:
            Figures in percent, None where there is none; ``entropy`` in bits. A part without any
            image with truth has no rows.
        """
        parts = [part for part in PARTS if self._curve.num_images(part)]
        return [row for part in parts for row in self._rows_of(part, epoch, split)]

    def _rows_of(self, part: str, epoch: int, split: str | None) -> list[dict[str, Any]]:
        confusions = self._curve.confusions(part)
        own = 100 * iou(confusions)
        by_image = self._images.iou(part)
        entropy, images = self._entropy[PARTS.index(part)].tolist()
        columns = {
            'mIoU': by_image.nanmean(1),
            **{f'Class {i} IoU': by_image[:, i] for i in range(len(self.classes))},
            CHOOSES: own.nanmean(1),
            **{f'M0 IoU/{name}': own[:, i] for i, name in enumerate(self.classes)},
            'precision': 100 * precision(confusions)[:, 1:].nanmean(1),
            'recall': 100 * recall(confusions)[:, 1:].nanmean(1),
        }
        shared = dict(epoch=epoch, split=split, part=part, n_images=self._curve.num_images(part))
        shared['entropy'] = entropy / images if images else None
        values = zip(*(column.tolist() for column in columns.values()))
        return [
            {'Model': f'epoch_{epoch}', 'Threshold': threshold, **shared, **_named(columns, row)}
            for threshold, row in zip(self.thresholds, values)
        ]


def _named(names: Sequence[str], values: Sequence[float]) -> dict[str, float | None]:
    return {name: None if value != value else value for name, value in zip(names, values)}
