# SPDX-License-Identifier: Apache-2.0
"""Oxford-IIIT Pet: 37 breeds of cats and dogs with trimaps."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..errors import ConfigError, DataError
from ..registry import DATASETS
from .base import HEAD_BOXES, IGNORE, SIMULATED, ImageRecord, WSSSDataset, choose_held_out
from .mask_io import read_index
from .oxford_pet_lists import BREEDS, SPECIES, read_split, species_of
from .palette import make_palette
from .voc_xml import read_voc_boxes

MODES = ('breed', 'species', 'binary')  # from fine to coarse
NAMES = dict(breed=BREEDS, species=SPECIES, binary=('pet',))
BORDERS = ('ignore', 'fg', 'bg')
BOXES = ('none', 'head', 'tight')
BOX_SOURCES = dict(head=HEAD_BOXES, tight=f'{SIMULATED} boxes')
VAL_FRACTION = 0.1


def class_of(breed: int, mode: str) -> int:
    """Return the 0-based class of a breed under a mode of ``MODES``."""
    return dict(breed=breed, species=species_of(breed), binary=0)[mode]


@DATASETS.register_module()
class OxfordPet(WSSSDataset):
    """Oxford-IIIT Pet in the layout of the official release.

    Source: O. M. Parkhi, A. Vedaldi, A. Zisserman, C. V. Jawahar, "Cats and Dogs", CVPR 2012. The
    folder holds ``images/<name>.jpg`` and ``annotations/`` with ``trainval.txt``, ``test.txt``,
    ``trimaps/<name>.png`` (1 pet, 2 background, 3 a wide band along the border, not classified) and
    ``xmls/<name>.xml``; ``tools/dataset_converters/oxford_pet.py`` makes it.

    Args:
        data_root: The folder; None means ``pets`` in ``WSSS_DATA_ROOT``.
        split: ``trainval`` or ``test`` (official); ``train`` or ``val``, the parts of trainval
            without and with the held-out images (fraction ``held_out``, 0.1 if that is 0); or a
            list file, absolute or relative to ``data_root``: the official format, one name per
            line, or a JSON list of names. The held-out images are stratified by breed whatever
            ``label_mode`` is, so they are the same under all modes.
        label_mode: Image-level classes: ``breed`` (37), ``species`` (cat, dog) or ``binary`` (pet,
            which every image has).
        mask_mode: Classes of the masks, likewise; None means ``label_mode``. It may be coarser than
            the image labels, not finer: trimaps know no classes.
        border: What the band becomes: ``ignore`` (255), ``fg`` (the pet) or ``bg``.
        boxes: ``none``; ``head``: the official boxes, around the HEAD of the animal, which only
            images of trainval have: what is outside of one is not background; ``tight``: around the
            foreground of the trimap (the band included under ``border='fg'``), which is simulated
            box supervision because it looks at the mask, and is noted as ``simulated_boxes`` in
            the metainfo. It opens all trimaps once when the index is loaded.
        **kwargs: Of :class:`WSSSDataset`.

    Raises:
        ConfigError: If a value is not allowed.
        DataError: If a list is missing or malformed, or listed images are missing.

    Example:
        >>> dataset = OxfordPet(split='test', mask_mode='binary', lazy_init=True)
        >>> len(dataset.metainfo['image_classes']), dataset.metainfo['classes']
        (37, ('background', 'pet'))
    """

    default_root = 'pets'

    def __init__(
        self,
        data_root: str | None = None,
        split: str = 'trainval',
        label_mode: str = 'breed',
        mask_mode: str | None = None,
        border: str = 'ignore',
        boxes: str = 'none',
        **kwargs,
    ):
        mask_mode = label_mode if mask_mode is None else mask_mode
        for name, value, allowed in (
            ('label_mode', label_mode, MODES),
            ('mask_mode', mask_mode, MODES),
            ('border', border, BORDERS),
            ('boxes', boxes, BOXES),
        ):
            if value not in allowed:
                raise ConfigError(
                    f'OxfordPet.{name} must be one of {", ".join(allowed)}, got {value!r}'
                )
        if MODES.index(mask_mode) < MODES.index(label_mode):
            raise ConfigError(
                f'OxfordPet.mask_mode {mask_mode!r} is finer than label_mode {label_mode!r}: image '
                'labels cannot tell these classes apart. Use '
                f'{" or ".join(repr(mode) for mode in MODES[MODES.index(label_mode) :])}.'
            )
        self.label_mode, self.mask_mode = label_mode, mask_mode
        self.border, self.box_type = border, boxes
        self.box_source = BOX_SOURCES.get(boxes, self.box_source)
        super().__init__(data_root=data_root, split=str(split), **kwargs)

    def describe(self) -> dict:
        """Return classes, how image classes map to labels, and palette."""
        image_classes, names = NAMES[self.label_mode], NAMES[self.mask_mode]
        if self.label_mode == 'breed':
            to_label = [class_of(breed, self.mask_mode) + 1 for breed in range(len(BREEDS))]
        else:
            to_label = [1] * len(image_classes) if self.mask_mode == 'binary' else [1, 2]
        return dict(
            classes=('background', *names),
            image_classes=image_classes,
            class_to_label=tuple(to_label),
            palette=make_palette(1 + len(names)),
            simulated_boxes=self.box_type == 'tight',
        )

    def mask_table(self, label: int) -> dict[int, int]:
        """Return what the values of a trimap mean."""
        return {1: label, 2: 0, 3: dict(ignore=IGNORE, fg=label, bg=0)[self.border]}

    def load_records(self) -> list[ImageRecord]:
        """Read the split list and check that its files exist."""
        root = Path(self.data_root)
        rows = read_split(root, self.split)
        if self.split in ('train', 'val'):
            chosen = self._choose(rows, self.held_out or VAL_FRACTION)
            rows = [row for row in rows if (row[0] in chosen) == (self.split == 'val')]
        self._breeds = rows
        self._check_images(root / 'images', [image_id for image_id, _ in rows])
        trimaps = _names(root / 'annotations' / 'trimaps')
        records = [self._make_record(root, *row, trimaps) for row in rows]
        if self.box_type == 'head' and records and not any(record.boxes for record in records):
            raise DataError(
                f'OxfordPet: no image of split {self.split!r} has a head box below '
                f'{root / "annotations" / "xmls"}; the release has them for trainval only. Use '
                "boxes='none' or 'tight', or another split."
            )
        return records

    def load_data_list(self) -> list[dict]:
        """Mark the held-out images by breed, also where the labels are coarser."""
        data = super().load_data_list()
        if self.split in ('train', 'val'):
            chosen = {image_id for image_id, _ in self._breeds if self.split == 'val'}
        else:
            chosen = self._choose(self._breeds, self.held_out)
        for info in data:
            info['held_out'] = info['image_id'] in chosen
        del self._breeds
        return data

    def _choose(self, rows: list[tuple[str, int]], fraction: float) -> set[str]:
        records = [ImageRecord(image_id, '', [breed]) for image_id, breed in rows]
        return choose_held_out(records, fraction, self.held_out_seed)

    def _check_images(self, folder: Path, image_ids: list[str]) -> None:
        present = _names(folder)
        missing = [image_id for image_id in image_ids if f'{image_id}.jpg' not in present]
        if missing:
            raise DataError(
                f'OxfordPet: {len(missing)} of {len(image_ids)} images of split {self.split!r} '
                f'are missing below {folder}, such as {", ".join(missing[:3])} (.jpg). Extract '
                'images.tar.gz again, or use a list of the images that are there.'
            )

    def _make_record(self, root: Path, image_id: str, breed: int, trimaps: set) -> ImageRecord:
        label = class_of(breed, self.mask_mode) + 1
        mask = root / 'annotations' / 'trimaps' / f'{image_id}.png'
        has_mask = mask.name in trimaps
        class_id, boxes = class_of(breed, self.label_mode), []
        if self.box_type == 'head':
            annotation = root / 'annotations' / 'xmls' / f'{image_id}.xml'
            if annotation.is_file():
                boxes = [(*box[1:], class_id) for box in read_voc_boxes(annotation)]
        elif self.box_type == 'tight':
            if not has_mask:
                raise DataError(
                    f"OxfordPet: boxes='tight' needs the trimap {mask}, which does not exist."
                )
            box = tight_box(mask, (1, 3) if self.border == 'fg' else (1,))
            boxes = [] if box is None else [(*box, class_id)]
        return ImageRecord(
            image_id=image_id,
            img_path=str(root / 'images' / f'{image_id}.jpg'),
            labels=[class_id],
            mask_path=str(mask) if has_mask else None,
            mask_values=self.mask_table(label),
            boxes=boxes,
        )


def tight_box(path: str | Path, values: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Return the smallest ``(x1, y1, x2, y2)`` around the pixels with ``values``, or None.

    Raises:
        DataError: If the file is not an index image.
    """
    inside = np.isin(read_index(path), values)
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()
