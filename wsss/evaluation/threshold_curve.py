# SPDX-License-Identifier: Apache-2.0
"""mIoU over the background threshold, for the images that choose it and those that report it."""

from __future__ import annotations

from collections.abc import Sequence

import mmengine.dist as dist
import torch
from torch import Tensor

from ..errors import ConfigError
from ..ops.confusion import IGNORE, mean_iou
from ..ops.label_thresholds import confusion_with
from ..ops.threshold_curve import check_thresholds, confusions_at, count_codes, pixel_codes

PARTS = ('all', 'held_out', 'rest')


class ThresholdCurve:
    """Sums of what all thresholds need to know, kept apart for the held-out images and the rest.

    The memory is fixed by labels and thresholds, not by the number of images. The mIoU is that of
    protocol M0: one confusion matrix for all images of a part, at their own size, pixels of 255
    left out, labels that do not occur left out of the mean.

    Args:
        thresholds: Strictly increasing.
        num_labels: K+1.
        reported: The part whose figures the stage reports: ``rest``, ``all`` or ``held_out``.

    Raises:
        ValueError: For unsorted thresholds or an unknown part.

    Example:
        >>> curve = ThresholdCurve([0.2, 0.5], num_labels=2)
        >>> ones = torch.ones(1, 2, dtype=torch.uint8)
        >>> curve.update(torch.tensor([[0, 1]]), ones, torch.tensor([[0.3, 0.9]]))
        >>> curve.miou('all').tolist()
        [25.0, 100.0]
    """

    def __init__(self, thresholds: Sequence[float], num_labels: int, reported: str = 'rest'):
        self.thresholds = torch.as_tensor(list(thresholds), dtype=torch.float64)
        check_thresholds(self.thresholds)
        self.num_labels = num_labels
        self.reported = _check_part(reported)
        self._histograms: dict[str, Tensor] = {}
        self._images = {'held_out': 0, 'rest': 0}
        self._scored = 0
        self._of_label = torch.zeros(2, num_labels, dtype=torch.int64)

    def update(
        self, truth: Tensor | None, label: Tensor, score: Tensor, held_out: bool = False
    ) -> None:
        """Add one image.

        Args:
            truth: Integer ``(H, W)``, ids 0..K and 255; None for an image without truth, of which
                only the scores are counted.
            label: Integer ``(H, W)``, best foreground label of each pixel.
            score: float ``(H, W)``, its score.
            held_out: Whether the image belongs to the held-out part.
        """
        known = truth is not None
        truth = truth if known else torch.full_like(label, IGNORE)
        codes = pixel_codes(truth, label, score, self.thresholds, self.num_labels)
        self.update_codes(codes, held_out, known)

    def update_codes(self, codes: Tensor, held_out: bool = False, known: bool = True) -> None:
        """Add one image by :func:`wsss.ops.threshold_curve.pixel_codes`.

        Args:
            codes: Integer ``(H, W)``, of the thresholds and labels of this curve.
            held_out: Whether the image belongs to the held-out part.
            known: Whether it has truth.
        """
        counts = count_codes(codes, len(self.thresholds), self.num_labels)
        part = 'held_out' if held_out else 'rest'
        if part in self._histograms:
            self._histograms[part] += counts
        else:
            self._histograms[part] = counts
        self._images[part] += known
        self._scored += 1
        self._of_label[PARTS.index(part) - 1] += (counts[:-1].sum((1, 2)) > 0).cpu()

    def reduce(self) -> None:
        """Sum over all ranks; call it once, on every rank, after the last update."""
        shape = (self.num_labels + 1, self.num_labels, len(self.thresholds) + 1)
        empty = torch.zeros(shape, dtype=torch.int64)
        parts = [self._histograms.get(part, empty).cpu() for part in ('held_out', 'rest')]
        images = torch.tensor([self._images['held_out'], self._images['rest'], self._scored])
        pieces = [*(part.flatten() for part in parts), images, self._of_label.flatten()]
        summed = torch.cat(pieces)
        dist.all_reduce(summed)
        held_out, rest, images, of_label = summed.split([len(piece) for piece in pieces])
        self._histograms = {'held_out': held_out.view(shape), 'rest': rest.view(shape)}
        self._images = {'held_out': int(images[0]), 'rest': int(images[1])}
        self._scored = int(images[2])
        self._of_label = of_label.view(2, self.num_labels)

    def num_images(self, part: str = 'all') -> int:
        """Return how many images with truth a part has."""
        if _check_part(part) == 'all':
            return sum(self._images.values())
        return self._images[part]

    def num_scored(self) -> int:
        """Return how many images were added, with or without truth."""
        return self._scored

    def images_by_label(self, part: str) -> Tensor:
        """Return how many images of a part have each label in their truth, int64 ``(L,)``."""
        if _check_part(part) == 'all':
            return self._of_label.sum(0)
        return self._of_label[PARTS.index(part) - 1]

    def score_counts(self) -> Tensor:
        """Return the pixels of all images by number of thresholds reached, int64 ``(T+1,)``.

        No truth has a part in it. Images without any class have no scores and are not in it.
        """
        return self._histogram('all')[:, 1:].sum((0, 1))

    def histogram(self, part: str = 'all') -> Tensor:
        """Return the counts of a part by truth, best label and thresholds reached.

        Returns:
            int64 ``(L, L, T+1)``, see :func:`wsss.ops.threshold_curve.score_histogram`.
        """
        return self._histogram(part)[:-1]

    def _histogram(self, part: str) -> Tensor:
        names = ('held_out', 'rest') if _check_part(part) == 'all' else (part,)
        found = [self._histograms[name] for name in names if name in self._histograms]
        shape = (self.num_labels + 1, self.num_labels, len(self.thresholds) + 1)
        return sum(found[1:], found[0]) if found else torch.zeros(shape, dtype=torch.int64)

    def confusions(self, part: str = 'all') -> Tensor:
        """Return the confusion matrices of a part, int64 ``(T, L, L)``, rows truth."""
        return confusions_at(self.histogram(part))

    def miou(self, part: str = 'all') -> Tensor:
        """Return the mIoU at each threshold in percent, float64 ``(T,)``; NaN without pixels."""
        return 100 * mean_iou(self.confusions(part)).cpu()

    def best(self, part: str) -> tuple[float, float]:
        """Return the threshold with the best mIoU of a part, and the mIoU in percent.

        Of equal ones the lowest threshold wins.

        Raises:
            ConfigError: If the part has no image with truth.
        """
        miou = self.miou(part)
        if not self.num_images(part) or bool(miou.isnan().all()):
            raise ConfigError(
                f'there is no truth in the part {part!r} of the images to choose a threshold with '
                f'({self.num_images("all")} images with truth in all).'
            )
        index = int(miou.nan_to_num(-1).argmax())
        return float(self.thresholds[index]), float(miou[index])

    def at(self, value: float, part: str) -> float:
        """Return the mIoU of a part at one of the thresholds, in percent.

        Raises:
            KeyError: If ``value`` is not one of the thresholds.
        """
        return float(self.miou(part)[self._index(value)])

    def at_labels(self, values: Sequence[float], part: str) -> float:
        """Return the mIoU of a part in percent with a threshold for each label.

        Args:
            values: One of the thresholds for each label 1..K; the best class of a pixel is chosen
                by its score, then its own threshold decides.
            part: The part.

        Raises:
            KeyError: If a value is not one of the thresholds.
        """
        indices = torch.tensor([self._index(value) for value in values])
        return 100 * float(mean_iou(confusion_with(self.histogram(part).cpu(), indices)))

    def _index(self, value: float) -> int:
        found = torch.nonzero(self.thresholds == value)
        if len(found) == 0:
            raise KeyError(f'{value} is not a threshold of this curve')
        return int(found[0])

    def to_dict(self) -> dict:
        """Return thresholds, mIoU and number of images of each part that has images, for JSON."""
        parts = {
            part: {
                'num_images': self.num_images(part),
                'mIoU': [None if v != v else round(v, 4) for v in self.miou(part).tolist()],
            }
            for part in PARTS
            if self.num_images(part)
        }
        return {
            'metric': 'M0',
            'thresholds': [round(value, 6) for value in self.thresholds.tolist()],
            'reported': self.reported,
            'parts': parts,
        }


def _check_part(part: str) -> str:
    if part not in PARTS:
        raise ValueError(f'part must be one of {", ".join(PARTS)}, got {part!r}')
    return part
