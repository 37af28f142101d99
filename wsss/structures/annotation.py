# SPDX-License-Identifier: Apache-2.0
"""Weak labels of one image besides its classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import DataError

BACKGROUND = -1
"""In place of a class id: background."""
UNLABELLED = -2
"""In place of a class id: nobody has said what it is."""


@dataclass(frozen=True)
class Annotation:
    """What people, or another model, have marked in one image; None is what there is not.

    Class ids are those of image-level labels, 0-based; ``BACKGROUND`` is -1, ``UNLABELLED`` -2.

    Args:
        size: ``(H, W)`` of the image in pixels.
        labels: Ids of the classes present in the image, strictly increasing.
        boxes: float ``(B, 5)``: x1, y1, x2, y2 in pixels with exclusive ends, class id.
        head_boxes: Whether the boxes are around a part of the objects, such as the head.
        points: float ``(P, 3)``: y, x in pixels, class id or ``BACKGROUND``.
        scribbles: int16 ``(H, W)``: class id, ``BACKGROUND`` or ``UNLABELLED``.
        saliency: float ``(H, W)`` in [0, 1], without classes.
        image: uint8 RGB ``(H, W, 3)``, for seeds that follow its colours.

    Raises:
        DataError: For boxes, points or scribbles of other classes, or outside of the image; for
            labels out of order, and saliency out of range.

    Example:
        >>> Annotation((8, 8), [3], boxes=np.array([[1, 1, 5, 7, 3]])).boxes.shape
        (1, 5)
    """

    size: tuple[int, int]
    labels: tuple[int, ...]
    boxes: np.ndarray | None = None
    head_boxes: bool = False
    points: np.ndarray | None = None
    scribbles: np.ndarray | None = None
    saliency: np.ndarray | None = None
    image: np.ndarray | None = None

    def __post_init__(self):
        object.__setattr__(self, 'labels', tuple(int(label) for label in self.labels))
        if any(right <= left for left, right in zip(self.labels, self.labels[1:])):
            raise DataError(f'labels must strictly increase, got {list(self.labels)}.')
        height, width = self.size
        if self.boxes is not None:
            _check_rows(self.boxes, 5, 'boxes')
            x1, y1, x2, y2, classes = self.boxes.T
            self._refuse(self.boxes, (x1 >= x2) | (y1 >= y2), 'boxes are empty')
            outside = (x2 <= 0) | (y2 <= 0) | (x1 >= width) | (y1 >= height)
            self._refuse(self.boxes, outside, f'boxes are outside of the {height} x {width} pixels')
            self._check_classes(classes, 'boxes')
        if self.points is not None:
            _check_rows(self.points, 3, 'points')
            y, x, classes = self.points.T
            outside = (y < 0) | (x < 0) | (y >= height) | (x >= width)
            what = f'points (y, x, class) are outside of the {height} x {width} pixels'
            self._refuse(self.points, outside, what)
            self._check_classes(classes[classes != BACKGROUND], 'points')
        for name in ('scribbles', 'saliency', 'image'):
            value = getattr(self, name)
            if value is not None and tuple(value.shape[:2]) != tuple(self.size):
                raise DataError(
                    f'{name} are {value.shape[0]} x {value.shape[1]}, the image is {height} x '
                    f'{width} (height x width). They must be equal.'
                )
        if self.scribbles is not None:
            self._check_classes(self.scribbles[self.scribbles >= 0], 'scribbles')
        if self.saliency is not None and not ((self.saliency >= 0) & (self.saliency <= 1)).all():
            raise DataError('saliency holds values outside of 0..1, or NaN.')

    def marked(self, field: str) -> set[int]:
        """Return the classes, without background, that occur in ``boxes``, ``points``, ..."""
        value = getattr(self, field)
        classes = value if field == 'scribbles' else value[:, -1]
        return set(np.unique(classes[classes >= 0]).astype(int).tolist())

    def _check_classes(self, classes: np.ndarray, what: str) -> None:
        foreign = np.setdiff1d(classes, self.labels).astype(int).tolist()
        if foreign:
            raise DataError(
                f'{what} are of the classes {foreign[:5]}, the image has the labels '
                f'{list(self.labels)}.'
            )

    def _refuse(self, rows: np.ndarray, bad: np.ndarray, what: str) -> None:
        if bad.any():
            raise DataError(f'{int(bad.sum())} {what}, such as {rows[bad][0].tolist()}.')


def _check_rows(rows: np.ndarray, width: int, what: str) -> None:
    if rows.ndim != 2 or rows.shape[1] != width:
        raise DataError(f'{what} must be (N, {width}), got {rows.shape}.')
    if not np.isfinite(rows).all():
        raise DataError(f'{what} hold NaN or infinity.')
