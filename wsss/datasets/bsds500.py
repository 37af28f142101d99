# SPDX-License-Identifier: Apache-2.0
"""BSDS500: photographs that several people have parted into regions."""

from __future__ import annotations

import os
from pathlib import Path

from ..checks import check_choice
from ..errors import DataError
from ..registry import DATASETS
from .base import ImageRecord, WSSSDataset
from .content import ContentDigests
from .palette import make_palette

SPLITS = dict(train=('train',), val=('val',), trainval=('train', 'val'), test=('test',))
# where images and groundTruth lie below a data root; the first that exists is taken
FOLDERS = ('.', 'data', 'BSDS500/data', 'BSR/BSDS500/data')


@DATASETS.register_module()
class BSDS500(WSSSDataset):
    """BSDS500: 500 photographs of 481 x 321 pixels, each segmented by about five people.

    P. Arbeláez, M. Maire, C. Fowlkes, J. Malik, "Contour Detection and Hierarchical Image
    Segmentation", TPAMI 2011. The folder holds ``images/<split>/<name>.jpg`` and
    ``groundTruth/<split>/<name>.mat``, as in ``BSR_bsds500.tgz``. There are no classes: images have
    no labels and no masks, :class:`wsss.datasets.transforms.LoadRegions` reads the segmentations.

    Args:
        data_root: The folder, or one that contains ``BSR``; None means ``bsds500`` in
            ``WSSS_DATA_ROOT``.
        split: ``train`` (200 images), ``val`` (100), ``trainval`` or ``test`` (200).
        **kwargs: Of :class:`WSSSDataset`.

    Raises:
        ConfigError: If there is no such split.
        DataError: If images or segmentations are missing.

    Example:
        >>> BSDS500(lazy_init=True).metainfo['image_classes']
        ()
    """

    default_root = 'bsds500'

    def __init__(self, data_root: str | None = None, split: str = 'train', **kwargs):
        check_choice(split, 'BSDS500.split', list(SPLITS))
        super().__init__(data_root=data_root, split=split, **kwargs)

    def describe(self) -> dict:
        """Return metainfo without any class."""
        return dict(
            classes=('background',), image_classes=(), class_to_label=(), palette=make_palette(1)
        )

    def load_records(self) -> list[ImageRecord]:
        """List the images."""
        tried = [Path(self.data_root) / name for name in FOLDERS]
        folder = next((path for path in tried if (path / 'images').is_dir()), None)
        if folder is None:
            raise DataError(
                f'BSDS500: no folder images in {", ".join(map(str, tried))}. Extract '
                'BSR_bsds500.tgz there.'
            )
        records = []
        for part in SPLITS[self.split]:
            names = _stems(folder / 'images' / part, '.jpg')
            missing = sorted(set(names) - set(_stems(folder / 'groundTruth' / part, '.mat')))
            if missing:
                raise DataError(
                    f'BSDS500: {len(missing)} of {len(names)} images have no segmentations in '
                    f'{folder / "groundTruth" / part}, such as {", ".join(missing[:3])} (.mat).'
                )
            path = folder / 'images' / part
            if not names:
                raise DataError(f'BSDS500: {path} holds no images (.jpg).')
            records += [ImageRecord(name, str(path / f'{name}.jpg'), []) for name in names]
        return records

    def load_data_list(self) -> list[dict]:
        """Say of each image where its segmentations are (``regions_path``)."""
        data = super().load_data_list()
        for info in data:
            image = Path(info['img_path'])
            truth = image.parents[2] / 'groundTruth' / image.parent.name / f'{image.stem}.mat'
            info['regions_path'] = str(truth)
        return data

    def content_digests(self, masks: bool = True) -> list[str]:
        """Return the digests of all images, and then of all segmentations if they count."""
        keys = ('img_path', 'regions_path') if masks else ('img_path',)
        files = [self.get_data_info(i)[key] for key in keys for i in range(len(self))]
        return ContentDigests(self.data_root or os.curdir).of(files)


def _stems(folder: Path, suffix: str) -> list[str]:
    """Return the names of the files of a kind, sorted; none if there is no folder."""
    files = os.listdir(folder) if folder.is_dir() else []
    return sorted(name.removesuffix(suffix) for name in files if name.endswith(suffix))
