# SPDX-License-Identifier: Apache-2.0
"""Scribbles from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ConfigError, DataError
from ...ops.confusion import IGNORE
from ...registry import TRANSFORMS
from ..label_classes import mask_to_classes
from ..mask_io import read_mask
from ..reads_files import ReadsFiles
from .annotate import AnnotationTransform


@TRANSFORMS.register_module()
class LoadScribbles(AnnotationTransform, ReadsFiles):
    """Read ``<folder>/<image id>.png``, a label map with 255 where nobody has drawn.

    It holds label ids as masks do: 0 background, 1..K classes.

    Args:
        folder: Of the label maps.
        allow_missing: Give a class without scribbles a blank map instead of refusing the image.

    Raises:
        ConfigError: If ``folder`` is not a path.

    Example:
        >>> LoadScribbles('scribbles').source({})
        'scribbles'
    """

    field = 'scribbles'

    def __init__(self, folder: str, allow_missing: bool = False):
        super().__init__(allow_missing)
        if not isinstance(folder, str) or not folder:
            raise ConfigError(f'LoadScribbles.folder must be a path, got {folder!r}.')
        self.folder = folder

    def files(self, image_id: str) -> list[str]:
        """Return the path of the label map."""
        return [f'{self.folder}/{image_id}.png']

    def annotate(self, results: dict) -> dict[str, Any]:
        """Return the scribbles by class."""
        (path,) = self.files(results['image_id'])
        if not Path(path).exists():
            raise DataError(f'scribbles {path} do not exist. Check folder of LoadScribbles.')
        labels = read_mask(path, results['num_labels'], results['ori_shape'])
        drawn = set(np.unique(labels).tolist()) - {0, IGNORE}
        known = {results['class_to_label'][label] for label in results['gt_label']}
        if not drawn <= known:
            raise DataError(
                f'scribbles {path} are of the labels {sorted(drawn - known)}, the image has '
                f'{sorted(known)}.'
            )
        classes = mask_to_classes(labels, results['gt_label'], results['class_to_label'])
        return dict(scribbles=classes)
