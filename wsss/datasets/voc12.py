# SPDX-License-Identifier: Apache-2.0
"""PASCAL VOC 2012: 20 classes of objects, several in an image."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..errors import ConfigError, DataError, near_matches
from ..fileio import read_text
from ..registry import DATASETS
from .base import ImageRecord, WSSSDataset
from .mask_classes import classes_in_mask
from .palette import make_palette
from .voc_xml import read_voc_boxes

VOC_CLASSES = (
    'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow',
    'diningtable', 'dog', 'horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa', 'train',
    'tvmonitor',
)  # fmt: skip
SPLITS = ('train', 'val', 'trainval', 'train_aug', 'test')
SOURCES = ('auto', 'xml', 'lists', 'masks')
MASKS = ('auto', 'SegmentationClass', 'SegmentationClassAug')
_YEAR = 'VOC2012'


@DATASETS.register_module()
class VOC12(WSSSDataset):
    """PASCAL VOC 2012 segmentation in the layout of the official release.

    Source: M. Everingham, L. Van Gool, C. K. I. Williams, J. Winn, A. Zisserman, "The PASCAL Visual
    Object Classes Challenge", IJCV 2010; ``train_aug`` adds the masks of SBD (B. Hariharan et al.,
    "Semantic Contours from Inverse Detectors", ICCV 2011). The folder holds ``JPEGImages``,
    ``SegmentationClass`` (and ``SegmentationClassAug``), ``Annotations`` or ``ImageSets/Main``, and
    the lists ``ImageSets/Segmentation/<split>.txt``; ``tools/dataset_converters/voc12.py`` and
    ``sbd.py`` make it.

    Args:
        data_root: The folder, or one that contains ``VOC2012`` or ``VOCdevkit/VOC2012``; None means
            ``voc`` in ``WSSS_DATA_ROOT``.
        split: ``train`` (1,464 images), ``val`` (1,449), ``trainval``, ``train_aug`` (10,582),
            ``test`` (1,456, without truth and, unless ``image_labels`` names a source, without
            labels), or a list file, absolute or relative to the folder:
            one id per line, what follows it is ignored, and paths are cut to their stem.
        image_labels: Where image-level labels come from. ``xml``: the objects in ``Annotations``,
            difficult ones included, as in the PSA family; ``lists``: ``ImageSets/Main``, likewise;
            ``masks``: the classes that have pixels in the truth, opening every mask once. The
            sources disagree on a few images. ``auto`` takes the first of these that is there. The
            metainfo ``label_source`` says which was used.
        masks: Folder of the masks; ``auto`` is ``SegmentationClassAug`` for ``train_aug`` and
            ``SegmentationClass`` for all else, even where the other exists.
        **kwargs: Of :class:`WSSSDataset`.

    Raises:
        ConfigError: If a value is not allowed.
        DataError: If a list, images or labels are missing or malformed.

    Example:
        >>> VOC12(split='val', lazy_init=True).metainfo['classes'][:3]
        ('background', 'aeroplane', 'bicycle')
    """

    default_root = 'voc'

    def __init__(
        self,
        data_root: str | None = None,
        split: str = 'train',
        image_labels: str = 'auto',
        masks: str = 'auto',
        **kwargs,
    ):
        for name, value, allowed in (
            ('image_labels', image_labels, SOURCES),
            ('masks', masks, MASKS),
        ):
            if value not in allowed:
                raise ConfigError(
                    f'VOC12.{name} must be one of {", ".join(allowed)}, got {value!r}'
                )
        self.image_labels, self.masks = image_labels, masks
        super().__init__(data_root=data_root, split=str(split), **kwargs)

    def describe(self) -> dict:
        """Return classes and palette."""
        return dict(
            classes=('background', *VOC_CLASSES),
            image_classes=VOC_CLASSES,
            class_to_label=tuple(range(1, len(VOC_CLASSES) + 1)),
            palette=make_palette(len(VOC_CLASSES) + 1),
        )

    @property
    def folder(self) -> Path:
        """The folder with ``JPEGImages``.

        Raises:
            DataError: If there is none.
        """
        root = Path(self.data_root)
        tried = [root, root / _YEAR, root / 'VOCdevkit' / _YEAR]
        for path in tried:
            if (path / 'JPEGImages').is_dir():
                return path
        raise DataError(
            f'VOC12: no folder JPEGImages in {", ".join(map(str, tried))}. Set data_root to the '
            'folder VOC2012 of the release, or make it with tools/dataset_converters/voc12.py.'
        )

    def load_records(self) -> list[ImageRecord]:
        """Read the split list and the image labels, and check that the images exist."""
        folder = self.folder
        ids = self._read_split(folder)
        present = set(os.listdir(folder / 'JPEGImages'))
        missing = [image_id for image_id in ids if f'{image_id}.jpg' not in present]
        if missing:
            raise DataError(
                f'VOC12: {len(missing)} of {len(ids)} images of split {self.split!r} are missing '
                f'below {folder / "JPEGImages"}, such as {", ".join(missing[:3])} (.jpg). Extract '
                'the archive again, or use a list of the images that are there.'
            )
        name = 'SegmentationClassAug' if self.split == 'train_aug' else 'SegmentationClass'
        masks = folder / (name if self.masks == 'auto' else self.masks)
        with_mask = set(os.listdir(masks)) if masks.is_dir() else set()
        paths = {i: masks / f'{i}.png' for i in ids if f'{i}.png' in with_mask}
        source = self._source(folder, paths)
        self._metainfo['label_source'] = source
        boxes: dict[str, list] = {}
        if source == 'xml':
            boxes = {i: self._read_boxes(folder / 'Annotations' / f'{i}.xml') for i in ids}
            labels = {i: [box[4] for box in boxes[i]] for i in ids}
        elif source == 'lists':
            labels = self._read_lists(folder / 'ImageSets' / 'Main', ids)
        elif source == 'masks':
            labels = self._read_masks(paths, ids)
        else:
            labels = {image_id: [] for image_id in ids}
        return [
            ImageRecord(
                image_id=image_id,
                img_path=str(folder / 'JPEGImages' / f'{image_id}.jpg'),
                labels=labels[image_id],
                mask_path=str(paths[image_id]) if image_id in paths else None,
                boxes=boxes.get(image_id, []),
            )
            for image_id in ids
        ]

    def _read_split(self, folder: Path) -> list[str]:
        path = folder / 'ImageSets' / 'Segmentation' / f'{self.split}.txt'
        if not path.is_file():
            path = folder / self.split
        try:
            lines = read_text(path, 'split list').splitlines()
        except DataError as error:
            hint = near_matches(self.split, SPLITS)
            if self.split == 'train_aug':
                hint = ' Make it with tools/dataset_converters/sbd.py.'
            raise DataError(
                f'VOC12: split {self.split!r} cannot be read: there is no usable list '
                f'ImageSets/Segmentation/{self.split}.txt in {folder}, nor a list file of that '
                f'name ({error}).{hint}'
            ) from error
        return [Path(line.split()[0]).stem for line in lines if line.strip()]

    def _source(self, folder: Path, masks: dict) -> str:
        """Return the source of the image labels, the first that is there for ``auto``."""
        there = dict(
            xml=(folder / 'Annotations').is_dir(),
            lists=(folder / 'ImageSets' / 'Main').is_dir(),
            masks=bool(masks),
        )
        if self.image_labels != 'auto':
            return self.image_labels
        if self.split == 'test':  # those of the server are not public
            return 'none'
        found = [name for name, is_there in there.items() if is_there]
        if not found:
            raise DataError(
                f'VOC12: there are no image labels for split {self.split!r} in {folder}: neither '
                'Annotations (XML), nor ImageSets/Main, nor masks. Extract the archive again.'
            )
        return found[0]

    def _read_boxes(self, path: Path) -> list[tuple[float, float, float, float, int]]:
        boxes = []
        for name, *box in read_voc_boxes(path):
            if name not in VOC_CLASSES:
                raise DataError(
                    f'annotation {path} has an object {name!r}, which is not a class of VOC.'
                    f'{near_matches(name, VOC_CLASSES)}'
                )
            boxes.append((*box, VOC_CLASSES.index(name)))
        return boxes

    def _read_lists(self, folder: Path, ids: list[str]) -> dict[str, list[int]]:
        """Read ``<class>_<part>.txt`` of all parts there are: id and 1, 0 (difficult) or -1."""
        labels: dict[str, list[int]] = {image_id: [] for image_id in ids}
        seen: set[str] = set()
        for class_id, name in enumerate(VOC_CLASSES):
            # trainval repeats train and val; a set takes each image once
            having: set[str] = set()
            for part in ('train', 'val', 'trainval'):
                path = folder / f'{name}_{part}.txt'
                if not path.is_file():
                    continue
                for number, line in enumerate(read_text(path, 'list').splitlines(), 1):
                    fields = line.split()
                    if len(fields) != 2 or fields[1] not in ('1', '0', '-1'):
                        raise DataError(
                            f'{path}, line {number}: expected an image id and 1, 0 or -1, got '
                            f'{line[:60]!r}.'
                        )
                    seen.add(fields[0])
                    if fields[1] != '-1':
                        having.add(fields[0])
            for image_id in having & labels.keys():
                labels[image_id].append(class_id)
        self._check_all(ids, seen, f'the lists in {folder}')
        return labels

    def _read_masks(self, paths: dict[str, Path], ids: list[str]) -> dict[str, list[int]]:
        self._check_all(ids, paths, 'the masks')
        with ThreadPoolExecutor() as pool:
            work = pool.map(lambda i: classes_in_mask(paths[i], len(VOC_CLASSES)), ids)
            found = list(work)
        return dict(zip(ids, found))

    def _check_all(self, ids: list[str], there, where: str) -> None:
        missing = [image_id for image_id in ids if image_id not in there]
        if missing:
            raise DataError(
                f'VOC12: {len(missing)} of {len(ids)} images of split {self.split!r} have no image '
                f'label in {where}, such as {", ".join(missing[:3])}. Use another image_labels '
                f'({", ".join(SOURCES)}).'
            )
