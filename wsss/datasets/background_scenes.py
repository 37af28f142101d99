# SPDX-License-Identifier: Apache-2.0
"""Pictures of one data set as pictures of background beside another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import DataError, near_matches
from ..fileio import read_text
from .base import ImageRecord, WSSSDataset

EXTRA_CLASS = 'background scenes'
PREFIX = 'background__'
_SHOWN = 3


class BackgroundScenes(WSSSDataset):
    """The part of :class:`WithBackground` that shows none of the classes; it builds this itself.

    Image ids begin with ``background__``, so that they differ from those of the other part. There
    are no masks on disk: ``LoadMask`` makes them, all background.

    Args:
        pictures: Where the pictures come from; its masks are not used.
        beside: Whose classes these pictures do not show.
        extra_class: Label the pictures with a class of their own, behind the others.
        exclude: List file of pictures to leave out, see :class:`WithBackground`.
        pipeline: Transforms.
        lazy_init: As in :class:`WSSSDataset`.
    """

    def __init__(
        self,
        pictures: WSSSDataset,
        beside: WSSSDataset,
        extra_class: bool,
        exclude: str | None,
        pipeline: Sequence[dict | Callable],
        lazy_init: bool,
    ):
        self.pictures, self.beside = pictures, beside
        self.extra_class, self.exclude = extra_class, exclude
        super().__init__(
            data_root=pictures.data_root,
            split=pictures.split,
            pipeline=pipeline,
            lazy_init=lazy_init,
        )

    @property
    def needs_root(self) -> bool:
        """No: the data set of the pictures has asked for its own."""
        return False

    def describe(self) -> dict:
        """Return the classes of the other part, and behind them the extra one if there is one."""
        meta = self.beside.metainfo
        if not self.extra_class:
            return meta
        return {
            **meta,
            'image_classes': (*meta['image_classes'], EXTRA_CLASS),
            'class_to_label': (*meta['class_to_label'], 0),
        }

    def shared_info(self) -> dict:
        """Return what is known of every image: its mask needs no file."""
        return {**super().shared_info(), 'all_background': True}

    def load_records(self) -> list[ImageRecord]:
        """Take over the pictures, but for those to leave out."""
        self.beside.full_init()  # a data set may know its classes only now
        self._metainfo.update(self.describe())
        self.pictures.full_init()
        infos = [self.pictures.get_data_info(i) for i in range(len(self.pictures))]
        labelled = [info['image_id'] for info in infos if len(info['gt_label'])]
        if labelled:
            raise DataError(
                f'WithBackground.background: {len(labelled)} of {len(infos)} pictures have labels, '
                f'such as {", ".join(labelled[:_SHOWN])}; pictures of background show no class. '
                "Use a data set without labels, such as dict(type='wsss.BackgroundPictures')."
            )
        left_out = self._left_out(infos)
        labels = [len(self._metainfo['image_classes']) - 1] if self.extra_class else []
        return [
            ImageRecord(PREFIX + info['image_id'], info['img_path'], labels)
            for info in infos
            if info['image_id'] not in left_out
        ]

    def _left_out(self, infos: list[dict]) -> set[str]:
        if self.exclude is None:
            return set()
        path = Path(self.data_root) / self.exclude  # an absolute path stays as it is
        names = {name: info['image_id'] for info in infos for name in _names(info)}
        lines = [line.strip() for line in read_text(path, 'list of pictures').splitlines()]
        wanted = [line for line in lines if line and not line.startswith('#')]
        unknown = [name for name in wanted if name not in names]
        if unknown:
            raise DataError(
                f'{path}: {len(unknown)} of {len(wanted)} names are no picture in '
                f'{self.data_root}, such as {", ".join(unknown[:_SHOWN])}.'
                f'{near_matches(unknown[0], names)}'
            )
        return {names[name] for name in wanted}


def _names(info: dict) -> tuple[str, str]:
    """Return how a list may name a picture: by image id or by file name."""
    return info['image_id'], Path(info['img_path']).name
