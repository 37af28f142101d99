# SPDX-License-Identifier: Apache-2.0
"""Saliency from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import ConfigError, DataError
from ...registry import TRANSFORMS
from ..reads_files import ReadsFiles
from ..saliency_io import read_saliency
from .annotate import AnnotationTransform


@TRANSFORMS.register_module()
class LoadSaliency(AnnotationTransform, ReadsFiles):
    """Read ``<folder>/<image id><suffix>``, a saliency map of the size of its image.

    Args:
        folder: Of the maps. None: not said yet, which an image refuses.
        suffix: ``.npy`` for float arrays in [0, 1]; all others are grey pictures, 255 for 1.

    Raises:
        ConfigError: If ``folder`` or ``suffix`` is not a text.

    Example:
        >>> LoadSaliency('maps').source({})
        'saliency: maps'
    """

    def __init__(self, folder: str | None, suffix: str = '.png'):
        super().__init__()
        for name, value in (('folder', '?' if folder is None else folder), ('suffix', suffix)):
            if not isinstance(value, str) or not value:
                raise ConfigError(f'LoadSaliency.{name} must be a text, got {value!r}.')
        self.folder = folder
        self.suffix = suffix

    def files(self, image_id: str) -> list[str]:
        """Return the path of the map.

        Raises:
            ConfigError: If the folder is not known.
        """
        if self.folder is None:
            raise ConfigError(
                'LoadSaliency.folder is not set. Give the folder with a saliency map '
                f'<image id>{self.suffix} for each image: --cfg-options saliency_dir=DIR where the '
                'config has a key saliency_dir.'
            )
        return [f'{self.folder}/{image_id}{self.suffix}']

    def source(self, shared: dict) -> str:
        """Say what it is, and whose; it marks no classes."""
        return f'saliency: {self.folder}'

    def annotate(self, results: dict) -> dict[str, Any]:
        """Return the map."""
        (path,) = self.files(results['image_id'])
        if not Path(path).exists():
            raise DataError(
                f'saliency map {path} does not exist. Check folder and suffix of LoadSaliency.'
            )
        return dict(saliency=read_saliency(path, tuple(results['ori_shape'])))
