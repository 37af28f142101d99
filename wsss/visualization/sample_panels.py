# SPDX-License-Identifier: Apache-2.0
"""The panels of one output sample, whatever stage it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from ..datasets.image_io import read_image
from ..datasets.mask_io import read_mask
from ..structures import WSSSDataSample
from .contact_sheet import Panel, SheetRow, fit_size
from .overlay import VOID, overlay_mask, overlay_scores
from .palette import full_palette

COLUMNS = ('image', 'map', 'map 2', 'superpixels', 'by a person', 'label', 'prediction', 'truth')
LINE = (255, 255, 0)
_MAX_MAPS = 2
_MIN_SHARE = 0.002


@dataclass(frozen=True)
class Legend:
    """Names and colours of a data set.

    Args:
        labels: Names by label id, background first.
        image_classes: Names of the image-level classes.
        class_to_label: Label id of each image-level class.
        palette: uint8 ``(256, 3)``, RGB by label id.
    """

    labels: tuple[str, ...]
    image_classes: tuple[str, ...]
    class_to_label: tuple[int, ...]
    palette: np.ndarray

    @classmethod
    def from_metainfo(cls, metainfo: dict | None) -> Legend:
        """Read what a data set says of itself; anything may be missing."""
        info = metainfo or {}
        labels = tuple(info.get('classes') or ())
        classes = tuple(info.get('image_classes') or labels[1:])
        to_label = tuple(info.get('class_to_label') or range(1, len(classes) + 1))
        return cls(labels, classes, to_label, full_palette(info.get('palette')))

    def label(self, index: int) -> str:
        """Return the name of a label id."""
        return self.labels[index] if index < len(self.labels) else f'label {index}'

    def image_class(self, index: int) -> str:
        """Return the name of an image-level class."""
        known = 0 <= index < len(self.image_classes)
        return self.image_classes[index] if known else f'class {index}'

    def colour(self, index: int) -> tuple[int, int, int]:
        """Return the colour of an image-level class."""
        known = 0 <= index < len(self.class_to_label)
        return tuple(self.palette[self.class_to_label[index] if known else (index + 1) % 255])


def sample_row(sample: Any, record: dict, legend: Legend, panel: int) -> tuple[SheetRow, list[str]]:
    """Draw one output sample: image, maps, regions, label, truth, as far as it holds them.

    Args:
        sample: An mmengine data element: of mmpretrain (``pred_score``), of mmseg
            (``pred_sem_seg``) or :class:`wsss.structures.WSSSDataSample` (``score_maps``,
            ``pred_regions``, ``human_regions``).
        record: The image as the data set lists it; ``img_path`` is opened.
        legend: Names and colours.
        panel: Side of a panel in pixels.

    Returns:
        The row, and the column of each of its panels, out of :data:`COLUMNS`.

    Raises:
        DataError: If the image or its mask cannot be read.
    """
    image_id = str(record.get('image_id') or Path(record['img_path']).stem)
    image = read_image(record['img_path'], image_id)
    height, width = fit_size(*image.shape[:2], panel)
    small = cv2.resize(image, (width, height), None, 0, 0, cv2.INTER_AREA)
    present = _present_classes(sample, record)
    maps = sample.get('score_maps')
    predicted = _label_map(sample, 'pred_sem_seg')
    panels = {'image': Panel('', small)}
    if maps is not None:
        panels.update(_map_panels(small, maps, legend))
    elif predicted is None and sample.get('pred_score') is not None:
        panels['image'] = _classified(small, sample, present, legend)
    for column, name in (('superpixels', 'pred_regions'), ('by a person', 'human_regions')):
        found = sample.get(name)
        if found is not None:  # of several persons the first
            panels[column] = region_panel(image, _numpy(found.data)[0], (height, width))
    if predicted is not None:
        column = 'label' if isinstance(sample, WSSSDataSample) else 'prediction'
        panels[column] = label_panel(small, predicted, legend)
    if maps is not None or predicted is not None:
        truth = _truth(sample, record, legend, image_id)
        if truth is not None:
            panels['truth'] = label_panel(small, truth, legend)
    tags = [(legend.image_class(c), legend.colour(c)) for c in present if len(panels) > 1]
    return SheetRow(image_id, list(panels.values()), tags), list(panels)


def _present_classes(sample: Any, record: dict) -> list[int]:
    labels = sample.get('gt_label')
    if labels is None:
        labels = record.get('gt_label')
    if labels is None:
        return []
    return sorted(int(label) for label in np.atleast_1d(_numpy(labels)).ravel())


def _numpy(values: Any) -> np.ndarray:
    if torch.is_tensor(values):
        # NumPy has no bfloat16, which mixed precision leaves behind
        values = values.detach().cpu()
        return (values.float() if values.is_floating_point() else values).numpy()
    return np.asarray(values)


def _label_map(sample: Any, name: str) -> np.ndarray | None:
    found = sample.get(name)
    if found is None or 'data' not in found:
        return None
    data = _numpy(found.data)
    return data.reshape(data.shape[-2:]).astype(np.uint8)


def _truth(sample: Any, record: dict, legend: Legend, image_id: str) -> np.ndarray | None:
    truth = _label_map(sample, 'gt_sem_seg')
    if truth is None and record.get('mask_path'):
        count = record.get('num_labels') or len(legend.labels)
        truth = read_mask(
            record['mask_path'], count, values=record.get('mask_values'), image_id=image_id
        )
    return truth


def _map_panels(small: np.ndarray, maps: Any, legend: Legend) -> dict[str, Panel]:
    scores = maps.resized(small.shape[:2]).scores[:_MAX_MAPS]
    keys = maps.keys.tolist()
    names = [legend.image_class(key) for key in keys]
    if len(keys) > _MAX_MAPS:
        names[_MAX_MAPS - 1] += f' (+{len(keys) - _MAX_MAPS} more)'
    if not keys:
        return {'map': Panel('no class present', small)}
    columns = COLUMNS[1 : 1 + len(scores)]
    return {
        column: Panel(name, overlay_scores(small, _numpy(score)))
        for column, name, score in zip(columns, names, scores)
    }


def label_panel(small: np.ndarray, mask: np.ndarray, legend: Legend) -> Panel:
    """Return a label map over its image, with the names of its classes.

    Args:
        small: uint8 ``(h, w, 3)``, RGB, the image at the size of the panel.
        mask: uint8 ``(H, W)``, the label map at any size.
        legend: Names and colours.
    """
    share = np.bincount(mask.ravel(), minlength=256) / mask.size
    ids = [i for i in np.flatnonzero(share >= _MIN_SHARE) if i not in (0, VOID)]
    caption = ', '.join(legend.label(i) for i in sorted(ids, key=lambda i: -share[i]))
    caption = caption or 'background only'
    if share[VOID] >= 0.01:
        caption += f'\nvoid {share[VOID]:.0%}'
    size = small.shape[1::-1]
    mask = cv2.resize(mask, size, None, 0, 0, cv2.INTER_NEAREST)
    return Panel(caption, overlay_mask(small, mask, legend.palette))


def region_panel(image: np.ndarray, regions: np.ndarray, size: tuple[int, int]) -> Panel:
    """Return an image with the outlines of its regions, and how many there are.

    Args:
        image: uint8 ``(H, W, 3)``, RGB.
        regions: Integers ``(H, W)``.
        size: ``(h, w)`` of the panel.
    """
    count = len(np.unique(regions))
    regions = cv2.resize(regions.astype(np.int32), size[::-1], None, 0, 0, cv2.INTER_NEAREST)
    drawn = cv2.resize(image, size[::-1], None, 0, 0, cv2.INTER_AREA)
    edge = np.zeros(size, bool)
    edge[:-1] |= regions[:-1] != regions[1:]
    edge[:, :-1] |= regions[:, :-1] != regions[:, 1:]
    drawn[edge] = LINE
    return Panel(f'{count} regions', drawn)


def _classified(small: np.ndarray, sample: Any, present: list[int], legend: Legend) -> Panel:
    """Return the image with its classes and the best predictions, marked where they differ."""
    scores = _numpy(sample.get('pred_score')).ravel()
    best = np.argsort(-scores, kind='stable')[: max(2, min(len(present), 3))]
    truth = ', '.join(legend.image_class(c) for c in present) or '?'
    guesses = [f'{legend.image_class(c)} {scores[c]:.2f}' for c in best]
    # the first guesses, as many as there are classes, should be those classes
    wrong = [i for i, c in enumerate(best[: len(present)]) if int(c) not in present]
    caption = '\n'.join((f'truth: {truth}', *guesses))
    return Panel(caption, small, bool(wrong), [i + 1 for i in wrong])
