# SPDX-License-Identifier: Apache-2.0
"""Generated images in place of a data set, and generated files in place of earlier stages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from ...datasets.base import ImageRecord, WSSSDataset
from ...datasets.reads_files import ReadsFiles
from ...datasets.shapes import Shapes
from ...datasets.shapes_render import render_scene
from ...errors import ConfigError
from ...fileio import write_bytes, write_json, write_mask
from ...registry import TRANSFORMS, build
from ...structures import ScoreMaps, ScoreStore
from ..files_read import find_readers

SIZE = (375, 500)
"""Height and width of the pictures, the usual size in the data sets of photographs."""

CLASSES_PER_IMAGE = dict(VOC12=2, COCO14=3, Shapes=2)
"""Rounded up from 1.5 and 2.9; one for the others."""
_SCORE_STRIDE = 8
_THRESHOLD = dict(value=0.3, protocol='generated', chosen_on='nothing', num_images=0)


class StandIn(WSSSDataset):
    """Generated images with the classes, transforms and annotations of a real data set.

    The pictures are rendered shapes (:mod:`wsss.datasets.shapes_render`), so that superpixels,
    refiners and losses have edges and regions to work on. Masks hold label ids, also where the real
    ones are those of an earlier stage. The first image is held out where the real data set holds
    out any.

    Args:
        real: Built with ``lazy_init=True``; nothing of it is read from the disk.
        folder: Where the files go.
        count: Number of images.
    """

    def __init__(self, real: WSSSDataset, folder: Path, count: int):
        self._count = count
        self._size = tuple(real.parameters['size']) if isinstance(real, Shapes) else SIZE
        self._per_image = CLASSES_PER_IMAGE.get(type(real).__name__, 1)
        metainfo = real.metainfo
        if not metainfo['image_classes']:  # a folder's are only known once it has been read
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
        class_of = {shape: chosen[i % len(chosen)] for i, shape in enumerate(scene.labels)}
        table = np.full(256, 255, np.uint8)
        table[0] = 0
        for shape, class_id in class_of.items():
            table[shape + 1] = self._metainfo['class_to_label'][class_id]
        image_id, root = f'generated_{index}', Path(self.data_root)
        image, mask = root / 'images' / f'{image_id}.jpg', root / 'masks' / f'{image_id}.png'
        _, encoded = cv2.imencode('.jpg', cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR))
        write_bytes(image, encoded.tobytes())
        write_mask(mask, table[scene.mask])
        return ImageRecord(
            image_id=image_id,
            img_path=str(image),
            labels=sorted(set(class_of.values())),
            mask_path=str(mask),
            boxes=[(*box, class_of[shape]) for *box, shape in scene.boxes if shape in class_of],
        )


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


def write_inputs(config: dict, scope: str, dataset: StandIn) -> None:
    """Write what the components of a stage read beside images and masks.

    Score files, label maps and the threshold of an earlier stage are made for the images of
    ``dataset``; for anything else the component complains itself.

    Args:
        config: The stage, moved to a temporary folder by :func:`move_places`.
        scope: Where names without a prefix are looked up.
        dataset: The images.
    """
    for key, arguments, cls in find_readers(config, '', scope):
        arguments = {k: v for k, v in arguments.items() if k != '_scope_'}
        reader: ReadsFiles = build(TRANSFORMS, {**arguments, 'type': cls}, key)
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            for path in map(Path, reader.files(info['image_id'])):
                if path.suffix == '.npz':
                    ScoreStore(path.parent).write(path.stem, _scores(info, dataset))
                elif path.suffix == '.png':
                    write_bytes(path, Path(info['mask_path']).read_bytes())
                elif path.name == 'threshold.json':
                    write_json(path, _THRESHOLD)


def _scores(info: dict, dataset: StandIn) -> ScoreMaps:
    """Return maps that an earlier stage could have made: the objects, blurred and uneven."""
    mask = cv2.imread(info['mask_path'], cv2.IMREAD_GRAYSCALE)
    grid = [-(-side // _SCORE_STRIDE) for side in mask.shape]
    noise = np.random.default_rng(0).uniform(0.6, 1, grid).astype(np.float32)
    maps = []
    for class_id in info['gt_label']:
        inside = (mask == dataset.metainfo['class_to_label'][class_id]).astype(np.float32)
        small = cv2.resize(inside, grid[::-1], interpolation=cv2.INTER_AREA)
        maps.append(cv2.GaussianBlur(small, (0, 0), 2) * noise)
    scores = torch.from_numpy(np.stack(maps)).clamp(0, 1)
    return ScoreMaps(torch.tensor(info['gt_label']), scores, mask.shape)


def move_places(config: Any, scope: str, folder: Path) -> None:
    """Let a stage read and cache below ``folder`` only, in place.

    Args:
        config: The stage with its references resolved.
        scope: Where names without a prefix are looked up.
        folder: Temporary folder of the trial.
    """
    for _, arguments, cls in find_readers(config, '', scope):
        for name in cls.located_by:
            if arguments.get(name) is not None:
                arguments[name] = _moved(arguments[name], folder)
    for part in _dicts(config):
        if part.get('cache_dir') is not None:
            part['cache_dir'] = str(folder / 'cache')


def _moved(place: Any, folder: Path) -> Any:
    if isinstance(place, (list, tuple)):
        return [_moved(item, folder) for item in place]
    whole = Path(os.path.abspath(place))
    return str(folder / 'files' / whole.relative_to(whole.anchor))


def _dicts(value: Any) -> list[dict]:
    """Return all dicts in a config."""
    parts = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(parts, (list, tuple)):
        return []
    inner = [found for part in parts for found in _dicts(part)]
    return [value, *inner] if isinstance(value, dict) else inner
