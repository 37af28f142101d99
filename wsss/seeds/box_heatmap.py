# SPDX-License-Identifier: Apache-2.0
"""Boxes as score maps."""

from __future__ import annotations

import numpy as np

from ..checks import check_flag, check_number
from ..errors import ConfigError, DataError
from ..ops.box_maps import cones, gaussians, inside_boxes, maximum_by_class
from ..ops.grab_cut import grab_cut
from ..registry import SEEDS
from ..structures import Annotation, ScoreMaps
from .base import BaseSeed

KINDS = ('gaussian', 'linear', 'rect', 'grabcut')
BOX_TYPES = ('object', 'head')


@SEEDS.register_module()
class BoxHeatmap(BaseSeed):
    """A map that falls from the middle of each box, or the object that GrabCut finds in it.

    Several boxes of a class are merged by the maximum. ``gaussian`` and ``linear`` are soft and
    leave the background to the threshold of the labeler (their score is 0 outside of the boxes
    unless they are not clipped); ``rect`` and ``grabcut`` are decisions: scores are 0 or 1 and
    ``background`` is 1 minus the best of them.

    With ``kappa`` the score at the middle of an edge is ``exp(-1 / (8 kappa^2))``: 0.36 for 0.35,
    0.46 for 0.4, 0.61 for 0.5. The rule ``(w + h) / 3.5`` found in an earlier implementation is
    kappa 0.571 on a square, 0.68 at its edge, and blind to the shape of a long box.

    Args:
        kind: ``gaussian``; ``linear``, a cone of which half the diagonal is the radius; ``rect``, 1
            inside; ``grabcut``, the object inside, needs the image.
        kappa_x: Standard deviation of the Gaussian along x, as a fraction of the width.
        kappa_y: Likewise along y, of the height.
        isotropic: True takes ``(w + h) / 3.5`` pixels in both directions instead.
        clip_to_box: Whether the score is 0 outside of the boxes. None means yes for ``object``, no
            for ``head``.
        box_type: ``object``: boxes around whole objects, outside of which is background; ``head``:
            boxes around a part of them, a prior and no bound: soft and not clipped.

    Raises:
        ConfigError: For values out of range, or a hard kind or clipping for ``head``.

    Example:
        >>> annotation = Annotation((8, 8), [3], boxes=np.array([[2, 2, 7, 5, 3]]))
        >>> BoxHeatmap()(annotation).scores[0, 3, 4]
        tensor(1.)
    """

    needs = ('boxes',)

    def __init__(
        self,
        kind: str = 'gaussian',
        kappa_x: float = 0.4,
        kappa_y: float = 0.4,
        isotropic: bool = False,
        clip_to_box: bool | None = None,
        box_type: str = 'object',
    ):
        for name, value, allowed in (('kind', kind, KINDS), ('box_type', box_type, BOX_TYPES)):
            if value not in allowed:
                raise ConfigError(
                    f'BoxHeatmap.{name} must be one of {", ".join(allowed)}, got {value!r}.'
                )
        self.kappas = tuple(
            check_number(value, f'BoxHeatmap.{name}', 0, above=True)
            for name, value in (('kappa_y', kappa_y), ('kappa_x', kappa_x))
        )
        if clip_to_box is not None:
            check_flag(clip_to_box, 'BoxHeatmap.clip_to_box')
        is_head = box_type == 'head'
        if is_head and (clip_to_box or kind in ('rect', 'grabcut')):
            raise ConfigError(
                f'BoxHeatmap: outside of a head box is not background, got kind={kind!r}, '
                f"clip_to_box={clip_to_box!r}. Use kind='gaussian' or 'linear' without clipping."
            )
        self.kind = kind
        self.isotropic = check_flag(isotropic, 'BoxHeatmap.isotropic')
        self.clip_to_box = not is_head if clip_to_box is None else clip_to_box
        self.box_type = box_type
        if kind == 'grabcut':
            self.needs = ('boxes', 'image')

    def make(self, annotation: Annotation) -> ScoreMaps:
        """Return maps of all classes; blank for one without a box.

        Raises:
            DataError: If head boxes are to be taken for boxes of objects.
        """
        if annotation.head_boxes and self.box_type != 'head':
            raise DataError(
                'the boxes are around heads, outside of which is not background. Set box_type='
                "'head' of BoxHeatmap."
            )
        boxes, classes = annotation.boxes[:, :4], annotation.boxes[:, 4]
        keys, size = np.asarray(annotation.labels), annotation.size
        if self.kind in ('gaussian', 'linear'):
            return self.maps(annotation, maximum_by_class(self._soft(boxes, size), classes, keys))
        scores = maximum_by_class(inside_boxes(boxes, size), classes, keys)
        if self.kind == 'grabcut':
            image = np.ascontiguousarray(annotation.image)
            scores = np.stack([grab_cut(image, s) if s.any() else s for s in scores])
        scores = scores.astype(np.float32)
        return self.maps(annotation, scores, 1 - scores.max(axis=0))

    def _soft(self, boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Return the map of each box ``(B, H, W)``."""
        sides = boxes[:, [3, 2]] - boxes[:, [1, 0]]  # height, width
        centres = (boxes[:, [3, 2]] + boxes[:, [1, 0]]) / 2
        if self.kind == 'linear':
            planes = cones(centres, np.hypot(*sides.T) / 2, size)
        else:
            spread = sides.sum(axis=1, keepdims=True).repeat(2, axis=1) / 3.5
            planes = gaussians(centres, spread if self.isotropic else sides * self.kappas, size)
        return planes * inside_boxes(boxes, size) if self.clip_to_box else planes
