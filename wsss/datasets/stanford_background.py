# SPDX-License-Identifier: Apache-2.0
"""Stanford Background: 715 outdoor scenes, a data set of regions or pictures of background."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from ..errors import ConfigError, DataError
from ..fileio import read_text
from ..registry import DATASETS
from .base import IGNORE, ImageRecord, WSSSDataset
from .mask_classes import classes_in_mask

REGIONS = ('sky', 'tree', 'road', 'grass', 'water', 'building', 'mountain', 'foreground object')
PALETTE = (
    (0, 0, 0), (120, 180, 230), (40, 110, 40), (130, 120, 130), (130, 200, 70), (30, 80, 190),
    (170, 80, 60), (140, 110, 80), (230, 190, 40),
)  # fmt: skip
MODES = ('regions', 'background')


@DATASETS.register_module()
class StanfordBackground(WSSSDataset):
    """Stanford Background: 715 photographs of about 320 x 240 pixels with eight kinds of regions.

    Source: S. Gould, R. Fulton, D. Koller, "Decomposing a Scene into Geometric and Semantically
    Consistent Regions", ICCV 2009. The folder holds ``images/<name>.jpg`` and ``masks/<name>.png``,
    which ``tools/dataset_converters/stanford_background.py`` makes from ``labels/*.regions.txt``.

    The photographs come from LabelMe, MSRC, Geometric Context and PASCAL VOC. Many show people,
    vehicles and animals: as pictures of background they are not pure, and beside VOC some of them
    may be in its val split.

    Args:
        data_root: The folder, or one that contains ``iccv09Data``; None means
            ``stanford_background`` in ``WSSS_DATA_ROOT``.
        split: ``all``, or a list file, absolute or relative to the folder: one name per line. The
            release has no split; published figures use random parts.
        label_mode: ``regions``: eight classes, whose image labels are read from the masks.
            ``background``: no image has any class (an all-zero label), to be concatenated to the
            training images of another data set; regions become background in the masks, except
            ``foreground object``, which may be anything and becomes 255.
        classes_of: For ``background``, config of the data set whose classes these images do not
            have, such as ``dict(type='wsss.OxfordPet')``; nothing is read from its folder.
        **kwargs: Of :class:`WSSSDataset`.

    Raises:
        ConfigError: If a value is not allowed, or ``classes_of`` is missing or not needed.
        DataError: If images, masks or a list are missing.

    Example:
        >>> StanfordBackground(lazy_init=True).metainfo['classes'][:4]
        ('background', 'sky', 'tree', 'road')
        >>> voc = dict(type='wsss.VOC12')
        >>> dataset = StanfordBackground(label_mode='background', classes_of=voc, lazy_init=True)
        >>> len(dataset.metainfo['image_classes'])
        20
    """

    default_root = 'stanford_background'

    def __init__(
        self,
        data_root: str | None = None,
        split: str = 'all',
        label_mode: str = 'regions',
        classes_of: dict | None = None,
        **kwargs,
    ):
        if label_mode not in MODES:
            raise ConfigError(
                f'StanfordBackground.label_mode must be one of {", ".join(MODES)}, got '
                f'{label_mode!r}'
            )
        if (classes_of is None) == (label_mode == 'background'):
            raise ConfigError(
                "StanfordBackground.classes_of goes with label_mode='background', and only with "
                "it: the data set whose classes are absent, such as dict(type='wsss.VOC12')."
            )
        self.label_mode, self.classes_of = label_mode, classes_of
        super().__init__(data_root=data_root, split=str(split), **kwargs)

    def describe(self) -> dict:
        """Return classes and palette, its own or those of the other data set."""
        if self.classes_of is not None:
            return DATASETS.build({**self.classes_of, 'lazy_init': True}).metainfo
        return dict(
            classes=('background', *REGIONS),
            image_classes=REGIONS,
            class_to_label=tuple(range(1, len(REGIONS) + 1)),
            palette=PALETTE,
        )

    @property
    def folder(self) -> Path:
        """The folder with ``images``.

        Raises:
            DataError: If there is none.
        """
        tried = [Path(self.data_root), Path(self.data_root) / 'iccv09Data']
        for path in tried:
            if (path / 'images').is_dir():
                return path
        raise DataError(
            f'StanfordBackground: no folder images in {" or ".join(map(str, tried))}. Make it with '
            'tools/dataset_converters/stanford_background.py.'
        )

    def load_records(self) -> list[ImageRecord]:
        """List the images; masks are opened only where labels come from them."""
        folder = self.folder
        present = set(os.listdir(folder / 'images'))
        names = self._read_names(folder, present)
        missing = [name for name in names if f'{name}.jpg' not in present]
        if missing:
            raise DataError(
                f'StanfordBackground: {len(missing)} of {len(names)} images of split '
                f'{self.split!r} are missing below {folder / "images"}, such as '
                f'{", ".join(missing[:3])} (.jpg).'
            )
        masks = folder / 'masks'
        with_mask = set(os.listdir(masks)) if masks.is_dir() else set()
        paths = {name: masks / f'{name}.png' for name in names if f'{name}.png' in with_mask}
        labels, values = self._read_labels(names, paths), None
        if self.label_mode == 'background':
            values = {**dict.fromkeys(range(len(REGIONS)), 0), len(REGIONS): IGNORE, IGNORE: IGNORE}
        return [
            ImageRecord(
                image_id=name,
                img_path=str(folder / 'images' / f'{name}.jpg'),
                labels=labels[name],
                mask_path=str(paths[name]) if name in paths else None,
                mask_values=values,
            )
            for name in names
        ]

    def _read_names(self, folder: Path, present: set[str]) -> list[str]:
        if self.split == 'all':
            return sorted(file[:-4] for file in present if file.endswith('.jpg'))
        path = folder / self.split  # an absolute path stays as it is
        try:
            lines = read_text(path, 'split list').splitlines()
        except DataError as error:
            raise DataError(
                f"StanfordBackground: split {self.split!r} is neither 'all' nor a list file "
                f'({error}).'
            ) from error
        return [Path(line.split()[0]).stem for line in lines if line.strip()]

    def _read_labels(self, names: list[str], masks: dict[str, Path]) -> dict[str, list[int]]:
        if self.label_mode == 'background':
            return {name: [] for name in names}
        missing = [name for name in names if name not in masks]
        if missing:
            raise DataError(
                f'StanfordBackground: {len(missing)} of {len(names)} images have no mask in '
                f'{self.folder / "masks"}, such as {", ".join(missing[:3])}. Make them with '
                'tools/dataset_converters/stanford_background.py.'
            )
        with ThreadPoolExecutor() as pool:
            work = pool.map(partial(classes_in_mask, num_classes=len(REGIONS)), masks.values())
            return dict(zip(masks, work))
