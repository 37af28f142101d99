# SPDX-License-Identifier: Apache-2.0
"""A folder of pictures that show none of the classes."""

from __future__ import annotations

from pathlib import Path

from ..registry import DATASETS
from .base import ImageRecord, WSSSDataset
from .palette import make_palette
from .pictures import image_ids, list_pictures

# where the pictures lie below a data root; the first that exists is taken
FOLDERS = ('images', 'iccv09Data/images', '.')


@DATASETS.register_module()
class BackgroundPictures(WSSSDataset):
    """Any folder of pictures without labels and masks, for :class:`WithBackground`.

    The pictures are those in ``images`` or ``iccv09Data/images`` of the data root, where Stanford
    Background (Gould et al., ICCV 2009) has them, else those of the data root itself and its
    sub-folders.

    Args:
        data_root: The folder; None means ``stanford_background`` in ``WSSS_DATA_ROOT``.
        **kwargs: Of :class:`WSSSDataset`.

    Raises:
        DataError: If there is no picture.

    Example:
        >>> BackgroundPictures('scenes', lazy_init=True).metainfo['image_classes']
        ()
    """

    default_root = 'stanford_background'
    root_key = 'background.data_root'

    def __init__(self, data_root: str | None = None, **kwargs):
        super().__init__(data_root=data_root, split='all', **kwargs)

    def describe(self) -> dict:
        """Return metainfo without any class."""
        return dict(
            classes=('background',), image_classes=(), class_to_label=(), palette=make_palette(1)
        )

    def load_records(self) -> list[ImageRecord]:
        """List the pictures."""
        folder = next(path for name in FOLDERS if (path := Path(self.data_root) / name).is_dir())
        ids = image_ids(list_pictures(folder))
        return [ImageRecord(image_id, f'{folder}/{file}', []) for file, image_id in ids.items()]
