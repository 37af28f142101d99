# SPDX-License-Identifier: Apache-2.0
"""What has to be summed over a split for one way to count."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather_object
from torch import Tensor

from ..ops.confusion import dice, iou, joint_counts
from .mask_protocol import MaskProtocol

_FILL = dict(skip=torch.nan, zero=0.0, one=1.0)


def squash(plane: Tensor, size: tuple[int, int] | None) -> Tensor:
    """Return a plane ``(H, W)`` at ``size``, each pixel that nearest to its centre."""
    if size is None or tuple(plane.shape) == size:
        return plane
    rows, columns = (_nearest(*sides, plane.device) for sides in zip(plane.shape, size))
    return plane.index_select(0, rows).index_select(1, columns)


def _nearest(before: int, after: int, device: torch.device) -> Tensor:
    places = torch.arange(before, dtype=torch.float32, device=device)[None, None]
    return F.interpolate(places, after, mode='nearest-exact')[0, 0].long()


class ProtocolSums:
    """Sums over the images of a split under one protocol.

    Args:
        protocol: How to count.
        num_labels: K+1.
    """

    def __init__(self, protocol: MaskProtocol, num_labels: int):
        self.protocol = protocol
        self.num_labels = num_labels
        # of the data set or of the images one by one: constant memory
        self._confusion = torch.zeros(num_labels, num_labels, dtype=torch.int64)
        self._sums = torch.zeros(3, num_labels, dtype=torch.float64)  # IoU, Dice, images
        self._images: list[tuple[int, Tensor]] = []

    def add(self, truth: Tensor, prediction: Tensor, position: int) -> None:
        """Add an image.

        Args:
            truth: Integer ``(H, W)``, ids 0..K and 255.
            prediction: Integer ``(H, W)``, likewise; 255 counts for nothing.
            position: Of the image in the data set, which decides its batch.

        Raises:
            ValueError: For sizes that differ or ids that do not exist.
        """
        if truth.shape != prediction.shape:
            joint_counts(truth, prediction, self.num_labels)  # says what is wrong
        size = self.protocol.size
        counts = joint_counts(squash(truth, size), squash(prediction, size), self.num_labels)
        confusion = counts[:-1, :-1].cpu()
        if self.protocol.aggregate == 'dataset':
            self._confusion += confusion
        elif self.protocol.aggregate == 'batch':
            self._images.append((position, confusion))
        else:
            ious, dices = self._figures(confusion[None])
            known = ~ious[0].isnan()
            self._sums += torch.stack([ious[0].nan_to_num(), dices[0].nan_to_num(), known.double()])

    def figures(self) -> dict[str, float]:
        """Sum over the ranks and return ``<name>/mIoU`` and ``<name>/mDice`` in percent."""
        parts = all_gather_object((self._confusion, self._sums, self._images))
        first = 1 if self.protocol.classes == 'fg' else 0
        if self.protocol.aggregate == 'image':
            summed = sum(part[1] for part in parts)
            values = [(summed[i] / summed[2])[first:].nanmean() for i in (0, 1)]
        elif self.protocol.aggregate == 'dataset':
            values = [
                each[0, first:].nanmean() for each in self._figures(sum(p[0] for p in parts)[None])
            ]
        else:
            values = self._of_batches([image for part in parts for image in part[2]], first)
        named = zip((f'{self.protocol.name}/mIoU', f'{self.protocol.name}/mDice'), values)
        return {name: 100 * float(value) for name, value in named if not bool(value.isnan())}

    def _of_batches(self, images: list[tuple[int, Tensor]], first: int) -> list[Tensor]:
        if not images:
            return [torch.tensor(torch.nan)] * 2
        images = sorted(images, key=lambda image: image[0])
        batches = torch.stack([confusion for _, confusion in images]).split(
            self.protocol.batch_size
        )
        confusions = torch.stack([batch.sum(0) for batch in batches])
        weights = torch.tensor([len(batch) for batch in batches], dtype=torch.float64)
        if not self.protocol.weigh_batches:
            weights = torch.ones_like(weights)
        values = []
        for each in self._figures(confusions):
            means = each[:, first:].nanmean(1)
            known = ~means.isnan()
            values.append((means[known] * weights[known]).sum() / weights[known].sum())
        return values

    def _figures(self, confusions: Tensor) -> tuple[Tensor, Tensor]:
        """Return IoU and Dice ``(N, L)`` of matrices ``(N, L, L)``, absent labels filled in."""
        ious, dices = iou(confusions), dice(confusions)
        if self.protocol.published_union:
            ious = dices / 2
            dices = 2 * ious / (1 + ious)
        fill = _FILL[self.protocol.absent]
        return tuple(torch.where(each.isnan(), fill, each) for each in (ious, dices))
