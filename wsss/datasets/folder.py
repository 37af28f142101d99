# SPDX-License-Identifier: Apache-2.0
"""The user's own pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from logging import WARNING
from pathlib import Path

from mmengine.logging import print_log

from ..errors import ConfigError, DataError, near_matches
from ..registry import DATASETS, LABEL_SOURCES, build
from .base import IGNORE, ImageRecord, WSSSDataset, choose_held_out
from .label_sources.base import check_classes, number_labels, read_text_file
from .palette import make_palette
from .pictures import Pictures, find_masks, image_ids, list_pictures

SPLITS = ('train', 'val', 'test', 'all')
CHOICES = ('background', 'leave_out', 'error')
MAX_CLASSES = 254


@DATASETS.register_module()
class FolderDataset(WSSSDataset):
    """Any folder of pictures with image labels from folders, a table, annotation files or masks.

    Pictures may lie in sub-folders. The id of an image, which names its files in every stage, is
    its path without suffix, ``/`` replaced by ``__``: ``monday/1.jpg`` is ``monday__1``. Masks are
    optional; without any, no threshold can be searched: use a fixed one or a label-free labeler.

    Args:
        data_root: The folder that all other paths are relative to.
        split: ``train``, ``val`` or ``test``, made of the fractions below; ``all``; or a list file,
            one picture per line (``#`` begins a comment), named as in a table of labels: its path
            below ``images``, or its bare name if no other picture has it, with or without suffix.
        labels: Where the image labels come from, a type of the registry ``LABEL_SOURCES``:
            ``ClassFolders``, ``CsvLabels``, ``VocXmlLabels``, ``CocoJsonLabels``, ``MaskLabels``.
        images: Folder of the pictures.
        masks: Folder of the masks, ``<path of the picture>.png``; pictures without one are allowed.
        classes: Names of the classes in order of their ids; None takes them from the source: in its
            own order for 0/1 columns and COCO JSON, else sorted. Give them where the splits have
            sources of their own.
        num_classes: What the config is made for; another number of classes is an error.
        num_labels: Likewise, background included.
        mask_values: Value in the mask files -> name of a class, ``background`` or ``ignore``, or a
            label id. None means that the files hold label ids.
        ignore_index: The value that is not scored, unless ``mask_values`` is given.
        val_fraction: Share of the pictures in ``val``, stratified by their first class. It depends
            on ids and classes alone, not on the order.
        test_fraction: Share of the pictures in ``test``, likewise.
        split_seed: Seed of these two choices.
        unlabelled: What happens to pictures that the source does not know: ``leave_out`` (reported
            once), ``background`` (they show none of the classes) or ``error``.
        no_class: What happens to pictures that, says the source, show none of the classes:
            ``background`` (kept), ``leave_out`` or ``error``.
        ignore_missing: Pass over labels of pictures that are not there.
        **kwargs: Of :class:`WSSSDataset`.

    Raises:
        ConfigError: If a value is not allowed, or the number of classes is not ``num_classes``.
        DataError: If a file is missing or malformed, naming file and line.

    Example:
        >>> dataset = FolderDataset(
        ...     'photos', labels=dict(type='CsvLabels'), classes=('cat', 'dog'), lazy_init=True)
        >>> dataset.metainfo['classes']
        ('background', 'cat', 'dog')
    """

    default_root = 'folder'

    def __init__(
        self,
        data_root: str | None = None,
        split: str = 'train',
        labels: dict | None = None,
        images: str = '.',
        masks: str | None = None,
        classes: Sequence[str] | None = None,
        num_classes: int | None = None,
        num_labels: int | None = None,
        mask_values: Mapping[int, str | int] | None = None,
        ignore_index: int = IGNORE,
        val_fraction: float = 0.2,
        test_fraction: float = 0.0,
        split_seed: int = 0,
        unlabelled: str = 'leave_out',
        no_class: str = 'background',
        ignore_missing: bool = False,
        **kwargs,
    ):
        if labels is None:
            raise ConfigError(
                'FolderDataset.labels is missing: say where the image labels come from, such as '
                "labels=dict(type='wsss.CsvLabels', file='labels.csv')."
            )
        for name, value in (('unlabelled', unlabelled), ('no_class', no_class)):
            if value not in CHOICES:
                raise ConfigError(
                    f'FolderDataset.{name} must be one of {", ".join(CHOICES)}, got {value!r}'
                )
        for name, value in (('val_fraction', val_fraction), ('test_fraction', test_fraction)):
            if not 0 <= value < 1 or val_fraction + test_fraction >= 1:
                raise ConfigError(
                    f'FolderDataset.{name} must be in [0, 1), and less than 1 together with the '
                    f'other fraction, got {value!r}'
                )
        self.source = build(LABEL_SOURCES, labels, 'FolderDataset.labels')
        self.images, self.masks = images, masks
        self.class_names = None if classes is None else tuple(str(name) for name in classes)
        if self.class_names is not None:
            check_classes(self.class_names)
        self.num_classes, self.num_labels = num_classes, num_labels
        self.mask_values, self.ignore_index = mask_values, ignore_index
        self.val_fraction, self.test_fraction = val_fraction, test_fraction
        self.split_seed = split_seed
        self.unlabelled, self.no_class = unlabelled, no_class
        self.ignore_missing = ignore_missing
        self._own_metainfo = dict(kwargs.get('metainfo') or {})
        super().__init__(data_root=data_root, split=str(split), **kwargs)

    def describe(self) -> dict:
        """Return classes and palette; the names are empty until the source has been read."""
        names = self.class_names or ()
        return dict(
            classes=('background', *names),
            image_classes=names,
            class_to_label=tuple(range(1, len(names) + 1)),
            palette=make_palette(len(names) + 1),
        )

    def load_records(self) -> list[ImageRecord]:
        """List the pictures, read their labels and choose those of the split."""
        root = Path(self.data_root)
        folder = root / self.images
        mask_folder = None if self.masks is None else root / self.masks
        files = list_pictures(folder, mask_folder)
        masks = {} if mask_folder is None else find_masks(files, mask_folder)
        ids = image_ids(files)
        pictures = Pictures(root, folder, files, masks)
        if self.class_names is not None:
            pictures = replace(pictures, mask_values=self._table(self.class_names))
        found = self.source.read(pictures, self.class_names)
        numbered = number_labels(found, pictures, self.class_names, self.ignore_missing)
        self._set_classes(numbered.classes)
        table = self._table(numbered.classes)
        records = [
            ImageRecord(
                image_id=ids[file],
                img_path=f'{folder}/{file}',
                labels=labels,
                mask_path=str(masks[file]) if file in masks else None,
                mask_values=table,
                boxes=numbered.boxes.get(file, []),
            )
            for file, labels in self._used(files, numbered.labels).items()
        ]
        return self._in_split(records, pictures)

    def _set_classes(self, names: tuple[str, ...]) -> None:
        """Take over the class names of the source."""
        if len(names) > MAX_CLASSES:
            raise DataError(
                f'FolderDataset: {len(names)} classes, a label map holds at most {MAX_CLASSES}. '
                f'Is this the right source? The first are {", ".join(names[:5])}.'
            )
        right = (len(names), len(names) + 1)
        if (self.num_classes or right[0], self.num_labels or right[1]) != right:
            shown = ', '.join(names[:10]) + ', ...' * (len(names) > 10)
            raise ConfigError(
                f'FolderDataset: the config has num_classes={self.num_classes} and '
                f'num_labels={self.num_labels}, the image labels have {len(names)} classes '
                f'({shown}). Set data.num_classes={len(names)} and '
                f'data.num_labels={len(names) + 1} (background included), or correct the labels.'
            )
        self.class_names = names
        self._metainfo.update({**self.describe(), **self._own_metainfo})

    def _table(self, names: Sequence[str]) -> dict[int, int] | None:
        """Return value in a mask -> label id, None where they are the same."""
        if self.mask_values is None and self.ignore_index == IGNORE:
            return None
        if self.mask_values is None:
            return {**{i: i for i in range(len(names) + 1)}, self.ignore_index: IGNORE}
        by_name = {'background': 0, 'ignore': IGNORE, **{n: i for i, n in enumerate(names, 1)}}
        table = {}
        for value, target in self.mask_values.items():
            label = by_name.get(target, target)
            if not isinstance(label, int) or not (0 <= label <= len(names) or label == IGNORE):
                raise ConfigError(
                    f'FolderDataset.mask_values[{value!r}] is {target!r}.'
                    f'{near_matches(str(target), by_name)} Allowed are {", ".join(by_name)}, or a '
                    f'label id 0..{len(names)} or {IGNORE}.'
                )
            if not str(value).isdecimal() or not 0 <= int(value) <= 255:
                raise ConfigError(
                    f'FolderDataset.mask_values: {value!r} is no value of an 8-bit mask (0..255).'
                )
            table[int(value)] = label
        return table

    def _used(self, files: Sequence[str], labels: dict[str, list[int]]) -> dict[str, list[int]]:
        """Return the pictures that are used with their labels."""
        unknown = [file for file in files if file not in labels]
        empty = [file for file in files if file in labels and not labels[file]]
        left_out: set[str] = set()
        for key, which, choice, what in (
            ('unlabelled', unknown, self.unlabelled, 'are not in the image labels'),
            ('no_class', empty, self.no_class, 'show none of the classes'),
        ):
            text = (
                f'FolderDataset: {len(which)} of {len(files)} pictures in '
                f'{Path(self.data_root) / self.images} {what}, such as {", ".join(which[:3])}'
            )
            if which and choice == 'error':
                raise DataError(
                    f'{text}. Label them, or set {key} of FolderDataset to background or leave_out.'
                )
            if which and (key == 'unlabelled' or choice == 'leave_out'):
                kept = 'left out' if choice == 'leave_out' else 'used as pictures of background'
                _warn_once(f'{text}; they are {kept} ({key}={choice!r}).')
            left_out.update(which if choice == 'leave_out' else ())
        return {file: labels.get(file, []) for file in files if file not in left_out}

    def _in_split(self, records: list[ImageRecord], pictures: Pictures) -> list[ImageRecord]:
        if self.split == 'all':
            return records
        if self.split in SPLITS:
            test = choose_held_out(records, self.test_fraction, self.split_seed)
            rest = [record for record in records if record.image_id not in test]
            share = self.val_fraction / (1 - self.test_fraction)
            val = choose_held_out(rest, share, self.split_seed)
            if self.split == 'test':
                return [record for record in records if record.image_id in test]
            return [r for r in rest if (r.image_id in val) == (self.split == 'val')]
        path = Path(self.data_root) / self.split
        if not path.is_file():
            raise ConfigError(
                f'FolderDataset.split {self.split!r} is neither {", ".join(SPLITS)} nor a list '
                f'file ({path} does not exist).{near_matches(self.split, SPLITS)}'
            )
        by_path = {record.img_path: record for record in records}
        chosen: dict[str, ImageRecord] = {}
        for number, line in enumerate(read_text_file(path, 'split list').splitlines(), 1):
            name = line.strip()
            if not name or name.startswith('#'):
                continue
            file = pictures.find(name)
            if file is None:
                raise DataError(
                    f'{path}, line {number}: there is no picture {name!r} below {pictures.folder}, '
                    f'or its name fits several.{near_matches(name, pictures.names)}'
                )
            record = by_path.get(f'{pictures.folder}/{file}')
            if record is not None:  # else it is left out for want of labels, as reported
                chosen[record.img_path] = record
        return list(chosen.values())


@lru_cache(maxsize=256)
def _warn_once(text: str) -> None:
    """Log a warning; every stage builds its data sets anew."""
    print_log(text, 'current', WARNING)
