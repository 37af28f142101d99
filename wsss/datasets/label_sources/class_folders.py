# SPDX-License-Identifier: Apache-2.0
"""Image labels from the names of folders."""

from __future__ import annotations

from collections.abc import Sequence

from ...registry import LABEL_SOURCES
from ..pictures import Pictures
from .base import BACKGROUND, FoundLabels, LabelRow, LabelSource


@LABEL_SOURCES.register_module()
class ClassFolders(LabelSource):
    """One class for each picture: the first folder of its path, ``<class>/**/<name>.jpg``.

    Pictures in the folder ``background`` show none of the classes; pictures in no folder are
    unlabelled.

    Args:
        background: Name of the folder of pictures without any of the classes.

    Example:
        >>> pictures = Pictures(Path('.'), Path('.'), ('cat/1.jpg', 'dog/old/1.jpg'))
        >>> [row.names for row in ClassFolders().read(pictures, None).rows]
        [['cat'], ['dog']]
    """

    def __init__(self, background: str = BACKGROUND):
        self.background = background

    def read(self, pictures: Pictures, classes: Sequence[str] | None) -> FoundLabels:
        """Return the first folder of each picture."""
        rows = []
        for file in pictures.files:
            name, slash, _ = file.partition('/')
            if slash:
                names = [] if name == self.background else [name]
                rows.append(LabelRow(file, names, f'picture {pictures.folder}/{file}'))
        return FoundLabels(rows)
