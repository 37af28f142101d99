# SPDX-License-Identifier: Apache-2.0
"""The base of all data sets: images with image-level labels, and masks where there are any."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset

from ..errors import ConfigError, DataError
from ..structures import check_image_id
from .content import ContentDigests

IGNORE = 255
# how records of stages call annotations that are not what they would be by default
HEAD_BOXES = 'head boxes'
SIMULATED = 'simulated'


@dataclass
class ImageRecord:
    """What a data set knows about one image before it is opened.

    Args:
        image_id: Unique name within the data set, usable as a file name.
        img_path: The image file.
        labels: Ids of the present foreground classes, 0-based.
        mask_path: The truth, or None.
        mask_values: Value in the mask file -> label id (0 background, 1..K classes, 255 ignore).
            None means the file holds label ids already.
        boxes: ``(x1, y1, x2, y2, class id)`` in pixels, exclusive ends.
    """

    image_id: str
    img_path: str
    labels: Sequence[int]
    mask_path: str | None = None
    mask_values: dict[int, int] | None = None
    boxes: list[tuple[float, float, float, float, int]] = field(default_factory=list)


class WSSSDataset(BaseDataset, ABC):
    """Base of the data sets: subclasses list :class:`ImageRecord` in :meth:`load_records`.

    Metainfo that every subclass sets:

    - ``classes``: label names with ``background`` first, as mmseg counts them (K+1).
    - ``image_classes``: names of the image-level classes, without background.
    - ``class_to_label``: for each image-level class the label id its pixels get, by default
      ``1..K``. A data set with breeds as image labels and pet / background as masks maps all to 1.
    - ``palette``: RGB by label id.

    Args:
        data_root: Folder of the data set. None means the folder ``default_root`` inside the
            environment variable ``WSSS_DATA_ROOT``.
        split: Name of the split; which exist is up to the subclass.
        held_out: Fraction of the images, stratified by class, whose sample says ``held_out=True``:
            the only ones whose masks may choose a threshold under the protocol ``held_out``.
        held_out_seed: Seed of that choice. It depends on ids and classes alone, not on order.
        mask_folder: Take ``<mask_folder>/<image id>.png`` (label ids) as masks, not the truth: the
            labels that an earlier stage wrote, ``'@pseudo_labels/masks'``.
        pipeline: Transforms.
        test_mode: As in mmengine.
        lazy_init: True postpones reading anything from disk to the first use.
        indices: Use only these, or the first so many, as in mmengine.

    Raises:
        ConfigError: If no data root is given or a value is out of range.
        DataError: If the root is missing, the split is empty, or an image id appears twice.
    """

    default_root: str = ''
    root_key: str = 'data_root'
    """Config key of the data root, for messages."""
    box_source: str = 'boxes'
    """What ``boxes`` are, as records of stages that use them say."""

    def __init__(
        self,
        data_root: str | None = None,
        split: str = 'train',
        held_out: float = 0.0,
        held_out_seed: int = 0,
        mask_folder: str | None = None,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        lazy_init: bool = False,
        indices: int | Sequence[int] | None = None,
        metainfo: dict | None = None,
    ):
        if not 0 <= held_out < 1:
            raise ConfigError(f'held_out must be a fraction in [0, 1), got {held_out}')
        self.split = split
        self.held_out = held_out
        self.held_out_seed = held_out_seed
        self.mask_folder = mask_folder
        root = (
            data_root
            or os.environ.get('WSSS_DATA_ROOT')
            and os.path.join(os.environ['WSSS_DATA_ROOT'], self.default_root)
        )
        super().__init__(
            ann_file='',
            metainfo={**self.describe(), **(metainfo or {})},
            data_root=root or '',
            pipeline=list(pipeline),
            test_mode=test_mode,
            lazy_init=lazy_init,
            indices=indices,
        )

    @abstractmethod
    def describe(self) -> dict:
        """Return the metainfo; called before anything is read from disk."""

    @abstractmethod
    def load_records(self) -> list[ImageRecord]:
        """Read the lists and return one record per image of the split."""

    def mask_table(self, label: int) -> dict[int, int] | None:
        """Return value in a mask file -> label id, for an image whose objects have ``label``.

        None means that the files hold label ids.
        """
        return None

    @property
    def needs_root(self) -> bool:
        """Whether the data set lives in a folder (a generated one need not)."""
        return True

    def check_root(self) -> Path:
        """Return the data root or say how to give one."""
        name = type(self).__name__
        how = (
            f'Set data_root=... (--cfg-options {self.root_key}=DIR), or the environment variable '
            f'WSSS_DATA_ROOT to the folder that contains {self.default_root or "it"!r}.'
        )
        if not self.data_root:
            raise ConfigError(f'{name}: no data root is given. {how}')
        if not os.path.isdir(self.data_root):
            raise DataError(f'{name}: data root {self.data_root} is not a folder. {how}')
        return Path(self.data_root)

    def load_data_list(self) -> list[dict]:
        """Turn the records into the dicts that the transforms see."""
        if self.needs_root:
            self.check_root()
        records = self.load_records()
        if not records:
            raise DataError(
                f'{type(self).__name__}: split {self.split!r} in {self.data_root} has no images. '
                'Check the split list, or choose another split.'
            )
        seen: set[str] = set()
        for record in records:
            check_image_id(record.image_id)
            if record.image_id in seen:
                raise DataError(
                    f'{type(self).__name__}: image id {record.image_id!r} appears twice in split '
                    f'{self.split!r} of {self.data_root}.'
                )
            seen.add(record.image_id)
        chosen = choose_held_out(records, self.held_out, self.held_out_seed)
        metainfo = self.metainfo  # a deep copy at every access
        num_classes, num_labels = len(metainfo['image_classes']), len(metainfo['classes'])
        data = []
        for record in records:
            labels = sorted({int(label) for label in record.labels})
            if labels and not 0 <= labels[0] <= labels[-1] < num_classes:
                raise DataError(
                    f'image {record.image_id!r}: class ids {labels} are outside 0..'
                    f'{num_classes - 1} ({type(self).__name__}, split {self.split!r}).'
                )
            mask_path, mask_values = record.mask_path, record.mask_values
            if self.mask_folder is not None:
                mask_path, mask_values = f'{self.mask_folder}/{record.image_id}.png', None
            data.append(
                dict(
                    image_id=record.image_id,
                    img_path=str(record.img_path),
                    gt_label=labels,
                    mask_path=None if mask_path is None else str(mask_path),
                    mask_values=mask_values,
                    boxes=record.boxes,
                    held_out=record.image_id in chosen,
                    num_labels=num_labels,
                    reduce_zero_label=False,
                    seg_fields=[],
                )
            )
        return data

    def get_data_info(self, idx: int) -> dict:
        """Return what is known of one image, and what is the same for all."""
        return {**super().get_data_info(idx), **self.shared_info()}

    def shared_info(self) -> dict:
        """Return what is known of every image; it is not kept with each."""
        names = ('class_to_label', 'image_classes')
        known = {name: self._metainfo[name] for name in names if name in self._metainfo}
        source = dict(dataset=type(self).__name__, split=self.split)
        return {**known, **source, 'box_source': self.box_source}

    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the class ids of one image, as mmpretrain's class-balanced wrappers ask."""
        return list(self.get_data_info(idx)['gt_label'])

    def index_digest(self, masks: bool = True) -> str:
        """Return a digest of classes, ids, labels, boxes, held-out part and content of the files.

        A record of a stage holds it, so that another list, label or picture makes the stage stale,
        and another place does not. Masks in ``mask_folder='@<stage>/masks'`` are the business of
        the stage that wrote them.

        Args:
            masks: Count the truth too; False for a stage that does not read it.
        """
        self.full_init()
        digest = hashlib.sha256(repr(sorted(self.metainfo.items())).encode())
        masks = masks and not (self.mask_folder or '').startswith('@')
        contents = self.content_digests(masks)
        for i in range(len(self)):
            info = self.get_data_info(i)
            row = [info[key] for key in ('image_id', 'gt_label', 'held_out', 'boxes')]
            row += [contents[i]]
            row += [info['mask_values'], contents[i + len(self)]] if masks else []
            digest.update(repr(row).encode())
        return digest.hexdigest()[:16]

    def content_digests(self, masks: bool = True) -> list[str]:
        """Return the digests of all image files, and then of all masks if they count."""
        keys = ('img_path', 'mask_path') if masks else ('img_path',)
        files = [self.get_data_info(i)[key] for key in keys for i in range(len(self))]
        return ContentDigests(self.data_root or os.curdir).of(files)


def choose_held_out(records: Sequence[ImageRecord], fraction: float, seed: int) -> set[str]:
    """Choose ``fraction`` of the images, stratified by their first class.

    The choice of a class is the head of its ids sorted by a hash of (seed, id): it does not depend
    on the order of the list, and adding images of one class leaves the others as they are. The
    rounding of the classes is carried along, so that the total is right for many small classes.

    Returns:
        The chosen image ids; empty for ``fraction`` 0.
    """
    groups: dict[int, list[str]] = defaultdict(list)
    for record in records:
        groups[min(record.labels, default=-1)].append(record.image_id)
    chosen: set[str] = set()
    wanted = 0.0
    for label in sorted(groups):
        ids = sorted(
            groups[label], key=lambda i: hashlib.sha256(f'{seed}/{i}'.encode()).hexdigest()
        )
        wanted += fraction * len(ids)
        take = min(int(np.floor(wanted + 0.5)), len(ids))
        chosen.update(ids[:take])
        wanted -= take
    return chosen
