# SPDX-License-Identifier: Apache-2.0
"""Generated images: the data set that needs no download."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ..errors import ConfigError, DataError
from ..fileio import read_json, write_bytes, write_json, write_mask
from ..registry import DATASETS
from .base import ImageRecord, WSSSDataset
from .shapes_render import SHAPES, VERSION, render_scene

SPLITS = ('train', 'val', 'test')
PALETTE = ((0, 0, 0), (220, 60, 60), (60, 200, 60), (70, 110, 240), (230, 200, 40), (200, 70, 220))


@DATASETS.register_module()
class Shapes(WSSSDataset):
    """Textured shapes on cluttered ground, made once and then an ordinary folder.

    Five classes (disk, square, triangle, ring, cross), one to ``max_objects`` objects per image,
    several classes in one image, objects that hide parts of others, colours shared by all classes,
    and a background that mostly comes with one class (rails with the square, water with the
    triangle). Raw activation maps leak into that background and miss the untypical parts of
    objects, which makes every later step of a pipeline measurable without a download. Edges of
    objects are void (255).

    An image depends on ``(seed, split, its number)`` and the arguments below alone: not on the
    machine, the order or the number of images. The files are lossless PNG below
    ``<data_root>/<split>-<digest of the arguments>``; each is written under a temporary name and
    renamed, ``complete.json`` comes last, so that several processes may do it at once.

    Args:
        num_images: Images of the split.
        image_size: ``(H, W)`` in pixels or one number for both, 48 to 1024.
        seed: Seed of all images, at least 0.
        max_objects: Objects per image are 1 to this, at most 8.
        context_rate: Fraction of the squares and triangles that stand on rails or water, [0, 1].
        typical_rate: Fraction of the objects that have the typical texture of their class, [0, 1].
            0 leaves the outline alone to tell the class and needs many more images.
        border_px: Width of the void band on each side of an edge, 0 to 4.
        data_root: Folder below which the files go. None means ``shapes`` in ``WSSS_DATA_ROOT`` if
            that can be written to (or holds the files already), else in the user's cache folder
            (``XDG_CACHE_HOME`` or ``~/.cache``, in it ``wsss/shapes``).
        split: ``train``, ``val`` or ``test``: disjoint by their seeds.
        **kwargs: Of :class:`WSSSDataset`.

    Raises:
        ConfigError: If a value is out of range.
        DataError: If the folder cannot be written to.

    Example:
        >>> dataset = Shapes(num_images=8, split='val', lazy_init=True)
        >>> dataset.metainfo['image_classes']
        ('disk', 'square', 'triangle', 'ring', 'cross')
    """

    default_root = 'shapes'

    def __init__(
        self,
        num_images: int = 800,
        image_size: int | Sequence[int] = (96, 96),
        seed: int = 0,
        max_objects: int = 3,
        context_rate: float = 0.8,
        typical_rate: float = 0.85,
        border_px: int = 1,
        data_root: str | None = None,
        split: str = 'train',
        **kwargs,
    ):
        if split not in SPLITS:
            raise ConfigError(f'Shapes.split must be one of {", ".join(SPLITS)}, got {split!r}')
        size = (image_size,) * 2 if isinstance(image_size, int) else tuple(image_size)
        if len(size) != 2:
            raise ConfigError(f'Shapes.image_size must be (height, width), got {image_size!r}')
        for name, value, low, high in (
            ('num_images', num_images, 1, 1_000_000),
            ('image_size', min(size), 48, 1024),
            ('image_size', max(size), 48, 1024),
            ('seed', seed, 0, 2**63),
            ('max_objects', max_objects, 1, 8),
            ('border_px', border_px, 0, 4),
        ):
            if not isinstance(value, (int, np.integer)) or not low <= value <= high:
                raise ConfigError(
                    f'Shapes.{name} must be an integer from {low} to {high}, got {value!r}'
                )
        for name, value in (('context_rate', context_rate), ('typical_rate', typical_rate)):
            if not 0 <= value <= 1:
                raise ConfigError(f'Shapes.{name} must be in [0, 1], got {value!r}')
        self.num_images = int(num_images)
        self.seed = int(seed)
        self.parameters = dict(
            size=[int(side) for side in size],
            max_objects=int(max_objects),
            context_rate=float(context_rate),
            typical_rate=float(typical_rate),
            border_px=int(border_px),
        )
        made_from = dict(
            version=VERSION,
            split=split,
            num_images=self.num_images,
            seed=self.seed,
            **self.parameters,
        )
        digest = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:12]
        folder = choose_folder(data_root, f'{split}-{digest}')
        self.made_from = made_from
        super().__init__(data_root=str(folder), split=split, **kwargs)

    @property
    def needs_root(self) -> bool:
        """False: the folder is made when it is missing."""
        return False

    def describe(self) -> dict:
        """Return classes and palette."""
        return dict(
            classes=('background', *SHAPES),
            image_classes=SHAPES,
            class_to_label=tuple(range(1, len(SHAPES) + 1)),
            palette=PALETTE,
        )

    def load_records(self) -> list[ImageRecord]:
        """Generate what is missing and list it."""
        folder = Path(self.data_root)
        if not self.is_complete(folder):
            try:
                self.generate(folder)
            except OSError as error:
                raise DataError(
                    f'Shapes: cannot write the images to {folder} ({error.strerror or error}). Set '
                    'data_root=... to a folder that can be written to.'
                ) from error
        truth = read_json(folder / 'labels.json', 'label file')
        return [
            ImageRecord(
                image_id=image_id,
                img_path=str(folder / 'images' / f'{image_id}.png'),
                labels=entry['labels'],
                mask_path=str(folder / 'masks' / f'{image_id}.png'),
                boxes=[tuple(box) for box in entry['boxes']],
            )
            for image_id, entry in truth.items()
        ]

    def image_ids(self) -> list[str]:
        """Return the ids of the split."""
        return [f'{self.split}_{index:05d}' for index in range(self.num_images)]

    def is_complete(self, folder: Path) -> bool:
        """Whether an earlier run wrote all files and none was deleted since."""
        if not (folder / 'complete.json').is_file() or not (folder / 'labels.json').is_file():
            return False
        wanted = {f'{image_id}.png' for image_id in self.image_ids()}
        return all(
            (folder / part).is_dir() and wanted <= set(os.listdir(folder / part))
            for part in ('images', 'masks')
        )

    def generate(self, folder: Path) -> None:
        """Write the files that are missing, ``complete.json`` last."""
        truth = {}
        for index, image_id in enumerate(self.image_ids()):
            rng = np.random.default_rng([self.seed, SPLITS.index(self.split), index])
            scene = render_scene(rng, **self.parameters)
            image, mask = (folder / part / f'{image_id}.png' for part in ('images', 'masks'))
            if not image.is_file():
                _, encoded = cv2.imencode('.png', cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR))
                write_bytes(image, encoded.tobytes())
            if not mask.is_file():
                write_mask(mask, scene.mask, PALETTE)
            truth[image_id] = dict(labels=scene.labels, boxes=scene.boxes)
        write_bytes(folder / 'labels.json', (json.dumps(truth) + '\n').encode())
        write_json(folder / 'complete.json', self.made_from)


def choose_folder(data_root: str | None, name: str) -> Path:
    """Return the folder of the files, below the first place that can hold them.

    A ``WSSS_DATA_ROOT`` of downloaded sets is often read-only; then the cache folder is taken.
    """
    if data_root:
        return Path(data_root) / name
    cache = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'wsss' / 'shapes'
    root = os.environ.get('WSSS_DATA_ROOT')
    if root and os.path.isdir(root):
        folder = Path(root) / 'shapes' / name
        nearest = next(parent for parent in folder.parents if parent.is_dir())
        if (folder / 'complete.json').is_file() or os.access(nearest, os.W_OK):
            return folder
    return cache / name
