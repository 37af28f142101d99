# SPDX-License-Identifier: Apache-2.0
"""The same images as one stage of a run after the other left them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import torch

from ..datasets.image_io import read_image
from ..datasets.mask_io import read_mask
from ..datasets.saliency_io import read_saliency
from ..errors import ConfigError
from ..ops.confusion import confusion_matrix, mean_iou
from ..structures import ScoreStore
from .contact_sheet import Panel, SheetRow, contact_sheet, fit_size
from .overlay import overlay_scores
from .sample_panels import Legend, label_panel, region_panel

KINDS = ('scores', 'masks', 'saliency')

Regions = Callable[[np.ndarray], np.ndarray]


class StageSheet:
    """Draws images with what stages wrote of them: maps, saliency, superpixels, labels.

    Of an image with several classes every column of maps shows the one that covers most of the
    truth. The first column is the image, the last the truth.

    Args:
        stages: Folder of each stage by the name of its column; one of :data:`KINDS` lies in it.
        legend: Names and colours of the data set.
        regions: For columns of superpixels: what gives the regions ``(H, W)`` of an RGB image.
        panel: Side of a panel in pixels.

    Raises:
        ConfigError: If a folder holds nothing that can be shown.
    """

    def __init__(
        self,
        stages: Mapping[str, Path],
        legend: Legend,
        regions: Mapping[str, Regions] | None = None,
        panel: int = 176,
    ):
        self.regions = dict(regions or {})
        self.stages = {
            name: (_kind(name, Path(folder)), Path(folder))
            for name, folder in stages.items()
            if name not in self.regions
        }
        self.columns = list(stages)
        self.legend, self.panel = legend, panel

    def row(self, info: dict) -> SheetRow:
        """Return the row of an image.

        Args:
            info: Of ``WSSSDataset.get_data_info``.

        Raises:
            DataError: If a file of the image is missing or damaged.
        """
        name = info['image_id']
        image, truth = read_image(info['img_path'], name), _truth(info)
        size = fit_size(*image.shape[:2], self.panel)
        small = cv2.resize(image, size[::-1], None, 0, 0, cv2.INTER_AREA)
        shown = self._shown_class(info, truth)
        panels: list[Panel | None] = [Panel('', small)]
        for column in self.columns:
            if column in self.regions:
                panels.append(region_panel(image, self.regions[column](image), size))
                continue
            kind, folder = self.stages[column]
            if kind == 'scores':
                panels.append(self._map(folder, name, small, shown))
            elif kind == 'saliency':
                values = read_saliency(folder / kind / f'{name}.png', image.shape[:2])
                panels.append(Panel('', overlay_scores(small, _smaller(values, size))))
            else:
                panels.append(self._labels(folder, info, small, truth))
        panels.append(None if truth is None else label_panel(small, truth, self.legend))
        tags = [(self.legend.image_class(c), self.legend.colour(c)) for c in info['gt_label']]
        return SheetRow(name, panels, tags)

    def draw(self, infos: list[dict], title: str) -> np.ndarray:
        """Return the sheet of images, uint8 ``(H, W, 3)``, RGB; errors as in :meth:`row`."""
        columns = ['image', *self.columns, 'truth']
        return contact_sheet([self.row(info) for info in infos], columns, title, self.panel)

    def _shown_class(self, info: dict, truth: np.ndarray | None) -> int | None:
        """Return the class of the image that covers most of the truth."""
        classes = list(info['gt_label'])
        if not classes or truth is None:
            return classes[0] if classes else None
        counts = np.bincount(truth.ravel(), minlength=256)
        return max(classes, key=lambda c: counts[self.legend.class_to_label[c]])

    def _map(self, folder: Path, name: str, small: np.ndarray, shown: int | None) -> Panel:
        maps = ScoreStore(folder / 'scores').read(name)
        keys = maps.keys.tolist()
        if not keys:
            return Panel('no class present', small)
        key = shown if shown in keys else keys[0]
        score = maps.resized(small.shape[:2]).scores[keys.index(key)].float().numpy()
        return Panel(self.legend.image_class(key), overlay_scores(small, score))

    def _labels(
        self, folder: Path, info: dict, small: np.ndarray, truth: np.ndarray | None
    ) -> Panel:
        count = info['num_labels']
        name = info['image_id']
        mask = read_mask(folder / 'masks' / f'{name}.png', count, image_id=name)
        drawn = label_panel(small, mask, self.legend)
        if truth is None:
            return drawn
        labelled, known = (torch.from_numpy(part.astype(np.int64)) for part in (mask, truth))
        found = float(mean_iou(confusion_matrix(known, labelled, count)))
        return drawn._replace(caption=f'mIoU {100 * found:.1f}')


def _kind(name: str, folder: Path) -> str:
    for kind in KINDS:
        if (folder / kind).is_dir():
            return kind
    raise ConfigError(
        f'stage {name}: {folder} holds none of {", ".join(KINDS)}, and its model makes no '
        'superpixels. Run the stage, or name one that writes maps or labels.'
    )


def _truth(info: dict) -> np.ndarray | None:
    if not info['mask_path']:
        return None
    return read_mask(
        info['mask_path'], info['num_labels'], values=info['mask_values'], image_id=info['image_id']
    )


def _smaller(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(np.asarray(values, np.float32), size[::-1], None, 0, 0, cv2.INTER_AREA)
