# SPDX-License-Identifier: Apache-2.0
"""MS-COCO 2014: 80 classes of things, many in an image."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from ..errors import ConfigError, DataError, near_matches
from ..fileio import read_json, read_text
from ..registry import DATASETS
from .base import ImageRecord, WSSSDataset
from .coco_classes import COCO_CLASSES
from .coco_json import CocoIndex, read_coco_index
from .mask_classes import classes_in_mask
from .palette import make_palette

SPLITS = ('train', 'val')
YEARS = ('auto', '2014', '2017')
SOURCES = ('instances', 'masks')


@DATASETS.register_module()
class COCO14(WSSSDataset):
    """MS-COCO 2014 in the layout of the official release, as a data set of 80 classes and ground.

    Source: T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014. The folder
    holds ``train2014/``, ``val2014/`` and ``annotations/instances_{train,val}2014.json``, and
    ``masks/<folder of the image>/<stem>.png``, which ``tools/dataset_converters/coco14.py`` makes:
    label ids 1..80 in the order of the category ids, 255 in regions of many objects not told apart.

    Args:
        data_root: The folder; None means ``coco`` in ``WSSS_DATA_ROOT``.
        split: ``train`` (82,081 images) or ``val`` (40,137): all that show at least one of the
            classes; or a list file, absolute or relative to the folder, with images of both: one
            name per line, what follows it is ignored, and paths are cut to their stem. Listed
            images stay, also those that show none of the classes.
        year: Which release the folder holds, ``2014`` or ``2017`` (the same photographs, split
            otherwise); ``auto`` takes the one whose annotations are there, first 2014.
        image_labels: Where image-level labels come from. ``instances``: all annotated objects,
            regions of many included; ``masks``: classes that have pixels in the mask. They differ
            on classes that only such regions have, or objects too small or hidden. The converter
            notes the latter beside the masks; without its note every mask is opened once. The
            metainfo ``label_source`` says which was used.
        **kwargs: Of :class:`WSSSDataset`.

    Raises:
        ConfigError: If a value is not allowed.
        DataError: If annotations, a list, images or masks are missing or malformed.

    Example:
        >>> COCO14(split='val', lazy_init=True).metainfo['classes'][:3]
        ('background', 'person', 'bicycle')
    """

    default_root = 'coco'

    def __init__(
        self,
        data_root: str | None = None,
        split: str = 'train',
        year: str | int = 'auto',
        image_labels: str = 'instances',
        **kwargs,
    ):
        for name, value, allowed in (
            ('year', str(year), YEARS),
            ('image_labels', image_labels, SOURCES),
        ):
            if value not in allowed:
                raise ConfigError(
                    f'COCO14.{name} must be one of {", ".join(allowed)}, got {value!r}'
                )
        self.year, self.image_labels = str(year), image_labels
        super().__init__(data_root=data_root, split=str(split), **kwargs)

    def describe(self) -> dict:
        """Return classes and palette."""
        return dict(
            classes=('background', *COCO_CLASSES),
            image_classes=COCO_CLASSES,
            class_to_label=tuple(range(1, len(COCO_CLASSES) + 1)),
            palette=make_palette(len(COCO_CLASSES) + 1),
        )

    def load_records(self) -> list[ImageRecord]:
        """Read the instance file; no image is opened."""
        root = Path(self.data_root)
        self._metainfo['label_source'] = self.image_labels
        if self.split in SPLITS:
            return self._read_part(root, self.split, None)
        wanted = self._read_list(root)
        records: dict[str, ImageRecord] = {}
        for part in SPLITS:
            missing = [name for name in wanted if name not in records]
            if missing:
                found = self._read_part(root, part, set(missing))
                records.update((record.image_id, record) for record in found)
        missing = [name for name in wanted if name not in records]
        if missing:
            raise DataError(
                f'COCO14: {len(missing)} of {len(wanted)} images of the list {self.split!r} are in '
                f'no instance file below {root / "annotations"}, such as {", ".join(missing[:3])}.'
            )
        return [records[name] for name in wanted]

    def _read_part(self, root: Path, part: str, wanted: set[str] | None) -> list[ImageRecord]:
        """Return the images of ``part`` with objects, or the wanted ones if they are given."""
        folder = f'{part}{self._find_year(root, part)}'
        index = read_coco_index(root / 'annotations' / f'instances_{folder}.json')
        stems = [os.path.splitext(file)[0] for file in index.files]
        if wanted is None:
            chosen = np.flatnonzero(np.diff(index.starts)).tolist()
        else:
            chosen = [i for i, stem in enumerate(stems) if stem in wanted]
        self._check_images(root / folder, [index.files[i] for i in chosen])
        masks = root / 'masks' / folder
        with_mask = set(os.listdir(masks)) if masks.is_dir() else set()
        paths = {i: f'{masks}/{stems[i]}.png' for i in chosen if f'{stems[i]}.png' in with_mask}
        labels = self._read_labels(index, {i: stems[i] for i in chosen}, paths, masks)
        boxes = index.object_boxes()
        if wanted is None:
            chosen = [i for i in chosen if labels[i]]
        return [
            ImageRecord(
                image_id=stems[i],
                img_path=f'{root}/{folder}/{index.files[i]}',
                labels=labels[i],
                mask_path=paths.get(i),
                boxes=boxes[i],
            )
            for i in chosen
        ]

    def _find_year(self, root: Path, part: str) -> str:
        years = YEARS[1:] if self.year == 'auto' else (self.year,)
        tried = [root / 'annotations' / f'instances_{part}{year}.json' for year in years]
        for year, path in zip(years, tried):
            if path.is_file():
                return year
        raise DataError(
            f'COCO14: there is no instance file: {" and ".join(map(str, tried))} '
            f'{"does" if len(tried) == 1 else "do"} not exist. Set data_root to the folder that '
            'contains annotations/, or make it with tools/dataset_converters/coco14.py.'
        )

    def _read_list(self, root: Path) -> list[str]:
        path = root / self.split  # an absolute path stays as it is
        try:
            lines = read_text(path, 'split list').splitlines()
        except DataError as error:
            raise DataError(
                f'COCO14: split {self.split!r} is neither {" nor ".join(SPLITS)} nor a list file '
                f'({error}).{near_matches(self.split, SPLITS)}'
            ) from error
        return [Path(line.split()[0]).stem for line in lines if line.strip()]

    def _check_images(self, folder: Path, files: list[str]) -> None:
        present = set(os.listdir(folder)) if folder.is_dir() else set()
        missing = [file for file in files if file not in present]
        if missing:
            raise DataError(
                f'COCO14: {len(missing)} of {len(files)} images of split {self.split!r} are '
                f'missing below {folder}, such as {", ".join(missing[:3])}. Extract the archive '
                'again, or use a list of the images that are there.'
            )

    def _read_labels(
        self, index: CocoIndex, stems: dict[int, str], masks: dict[int, str], folder: Path
    ) -> dict[int, list[int]]:
        """Return the 0-based classes of the chosen images."""
        if self.image_labels == 'instances':
            found = index.labels()
            return {i: found[i] for i in stems}
        missing = [stem for i, stem in stems.items() if i not in masks]
        if missing:
            raise DataError(
                f'COCO14: {len(missing)} of {len(stems)} images of split {self.split!r} have no '
                f'mask in {folder}, such as {", ".join(missing[:3])}. Make them with '
                "tools/dataset_converters/coco14.py, or use image_labels='instances'."
            )
        note = folder.with_suffix('.json')
        if note.is_file():
            return _read_note(note, stems)
        with ThreadPoolExecutor() as pool:
            work = pool.map(partial(classes_in_mask, num_classes=len(COCO_CLASSES)), masks.values())
            return dict(zip(masks, work))


def _read_note(path: Path, stems: dict[int, str]) -> dict[int, list[int]]:
    """Return the classes that the converter found in its masks."""
    content = read_json(path, 'note of the classes in masks')
    try:
        noted = content['classes']
        return {i: [int(label) - 1 for label in noted[stem]] for i, stem in stems.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f'{path} does not tell the classes in the masks beside it ({error!r}). Delete it; they '
            'are read from the masks then.'
        ) from error
