# SPDX-License-Identifier: Apache-2.0
"""Generated images in place of a data set."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...datasets.base import IGNORE, ImageRecord, WSSSDataset
from ...datasets.shapes import Shapes
from ...datasets.shapes_render import render_scene
from ...datasets.transforms import LoadImage
from ...datasets.with_background import WithBackground
from ...errors import ConfigError
from ...evaluation.border_truth import BORDER_VALUE
from ...fileio import write_bytes, write_mask
from ..fingerprint import parts_of

SIZE = (375, 500)
"""Height and width of the pictures, the usual size in the data sets of photographs."""

CLASSES_PER_IMAGE = dict(VOC12=2, COCO14=3, Shapes=2)
"""Rounded up from 1.5 and 2.9; one for the others."""


class StandIn(WSSSDataset):
    """Generated images with the classes, transforms and annotations of a real data set.

    The pictures are rendered shapes (:mod:`wsss.datasets.shapes_render`), so that superpixels,
    refiners and losses have edges and regions to work on. Masks have the values of the real ones,
    those of earlier stages label ids. The first image is held out where the real data set holds
    out any.

    Args:
        real: Built with ``lazy_init=True``; nothing of it is read from the disk.
        folder: Where the files go.
        count: Number of images.
        labelled: False for images that show none of the classes.
    """

    def __init__(self, real: WSSSDataset, folder: Path, count: int, labelled: bool = True):
        self._count, self._real = count, real
        self._size = tuple(real.parameters['size']) if isinstance(real, Shapes) else SIZE
        self._per_image = CLASSES_PER_IMAGE.get(type(real).__name__, 1) if labelled else 0
        metainfo = real.metainfo
        if labelled and not metainfo['image_classes']:
            # those of a folder are only known once it has been read
            metainfo.update(_numbered(getattr(real, 'num_classes', None)))
        super().__init__(
            data_root=str(folder),
            split=real.split,
            held_out=real.held_out,
            pipeline=real.pipeline.transforms,
            test_mode=real.test_mode,
            metainfo=metainfo,
            lazy_init=True,
        )
        self.box_source = real.box_source
        (folder / 'images').mkdir(parents=True, exist_ok=True)
        self.full_init()

    def describe(self) -> dict:
        """Return nothing: all is taken over from the real data set."""
        return {}

    def load_records(self) -> list[ImageRecord]:
        """Render the images and write them and their masks."""
        return [self._make(index) for index in range(self._count)]

    def load_data_list(self) -> list[dict]:
        """Hold out the first image, of however few."""
        data = super().load_data_list()
        for index, info in enumerate(data):
            info['held_out'] = index == 0 and self.held_out > 0
        return data

    def _make(self, index: int) -> ImageRecord:
        scene = render_scene(np.random.default_rng(index), self._size)
        classes = len(self._metainfo['image_classes'])
        chosen = [(index + i) % classes for i in range(min(self._per_image, classes))]
        class_of = dict(zip(scene.labels, cycle(chosen)))
        table = np.full(256, IGNORE, np.uint8)
        table[0] = 0
        for shape, class_id in class_of.items():
            table[shape + 1] = self._metainfo['class_to_label'][class_id]
        image_id, label_map = f'generated_{index}', table[scene.mask]
        image = Path(self.data_root) / 'images' / f'{image_id}.jpg'
        _, encoded = cv2.imencode('.jpg', cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR))
        write_bytes(image, encoded.tobytes())
        write_mask(self.label_map(image_id), self._as_loaded(label_map))
        mask, values = self._mask(image_id, label_map)
        return ImageRecord(
            image_id=image_id,
            img_path=str(image),
            labels=sorted(set(class_of.values())),
            mask_path=str(mask),
            mask_values=values,
            boxes=[(*box, class_of[shape]) for *box, shape in scene.boxes if shape in class_of],
        )

    def label_map(self, image_id: str) -> Path:
        """Return the file with the label ids of an image, in the size that it is loaded in."""
        return Path(self.data_root) / 'labels' / f'{image_id}.png'

    def _as_loaded(self, label_map: np.ndarray) -> np.ndarray:
        loaders = [part for part in self.pipeline.transforms if isinstance(part, LoadImage)]
        if not loaders or loaders[0].size is None:
            return label_map
        return cv2.resize(label_map, loaders[0].size[::-1], interpolation=cv2.INTER_NEAREST)

    def _mask(self, image_id: str, label_map: np.ndarray) -> tuple[Path, dict[int, int] | None]:
        """Return a mask file like those of the real data set, and what its values mean."""
        label = max(set(np.unique(label_map).tolist()) - {IGNORE})
        values = None if self._real.mask_folder else self._real.mask_table(label)
        if values is None:
            return self.label_map(image_id), None
        # what is neither background nor object is the band of a trimap, whatever that counts as
        table = np.full(256, BORDER_VALUE, np.uint8)
        for value, meaning in values.items():
            if value != BORDER_VALUE:
                table[meaning] = value
        path = Path(self.data_root) / 'masks' / f'{image_id}.png'
        write_mask(path, table[label_map])
        return path, values


def stand_in(real: Any, folder: Path, count: int) -> Any:
    """Return generated images in place of those of a data set.

    Of :class:`WithBackground`, the last two of at least three are pictures of background; of other
    wrappers only what is inside of them is made.

    Args:
        real: Built with ``lazy_init=True``, for this alone: it may be changed.
        folder: Where the files go.
        count: Number of images.
    """
    if not isinstance(real, WithBackground):
        inner = next(part for part in parts_of(real) if isinstance(part, WSSSDataset))
        return StandIn(inner, folder, count)
    main, scenes = real.datasets
    pictures = min(count - 1, 2)
    scenes.beside = StandIn(main, folder, count - pictures)
    scenes.pictures = StandIn(scenes.pictures, folder / 'background', pictures, labelled=False)
    scenes.exclude = None
    real.datasets = [scenes.beside, scenes]
    real.full_init()
    return real


def _numbered(num_classes: int | None) -> dict:
    """Return metainfo of so many classes without names."""
    if not num_classes:
        raise ConfigError('the data set does not say its classes. Set data.num_classes.')
    names = tuple(f'class {number}' for number in range(1, num_classes + 1))
    return dict(
        classes=('background', *names),
        image_classes=names,
        class_to_label=tuple(range(1, num_classes + 1)),
    )
