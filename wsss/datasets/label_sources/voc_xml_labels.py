# SPDX-License-Identifier: Apache-2.0
"""Image labels from annotation files in the XML format of PASCAL VOC."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...errors import DataError
from ...registry import LABEL_SOURCES
from ..pictures import Pictures, without_suffix
from ..voc_xml import read_voc_boxes
from .base import FoundLabels, LabelRow, LabelSource


@LABEL_SOURCES.register_module()
class VocXmlLabels(LabelSource):
    """One XML file for each picture, with the same relative name; its objects are the classes.

    Boxes come along. A file without objects is a picture that shows none of the classes; a picture
    without a file is unlabelled.

    Args:
        folder: Of the XML files, relative to the data root.

    Example:
        >>> labels = dict(type='wsss.VocXmlLabels', folder='annotations')
    """

    def __init__(self, folder: str = 'annotations'):
        self.folder = folder

    def read(self, pictures: Pictures, classes: Sequence[str] | None) -> FoundLabels:
        """Return the objects of each picture that has a file."""
        folder = pictures.root / self.folder
        if not folder.is_dir():
            raise DataError(
                f'folder of annotations {folder} does not exist. Set folder of VocXmlLabels, '
                'relative to data_root.'
            )
        names = {file: f'{without_suffix(file)}.xml' for file in pictures.files}
        paths = {file: folder / name for file, name in names.items() if (folder / name).is_file()}
        if not paths:
            raise DataError(
                f'folder {folder} has no annotation of any picture, such as '
                f'{names[pictures.files[0]]}.'
            )
        with ThreadPoolExecutor() as pool:
            return FoundLabels(list(pool.map(_read, paths, paths.values())))


def _read(file: str, path: Path) -> LabelRow:
    objects = read_voc_boxes(path)
    boxes = [(*box, name) for name, *box in objects]
    return LabelRow(file, sorted({name for name, *_ in objects}), f'annotation {path}', boxes)
