# SPDX-License-Identifier: Apache-2.0
"""Read the features that an earlier stage wrote."""

from __future__ import annotations

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from ...errors import ConfigError
from ...registry import TRANSFORMS
from ...structures import FeatureStore
from ..reads_files import ReadsFiles


@TRANSFORMS.register_module()
class LoadFeatures(BaseTransform, ReadsFiles):
    """Read ``<folder>/<image id>.npy`` as ``teacher``, float32 ``(D,)``.

    For :class:`wsss.models.DistillHead`: the teacher runs once, in a stage of its own, and not
    while the student trains. Pack it with ``PackInputs(algorithm_keys=('teacher',))``. It is what
    the teacher says of the whole image as it is, whatever crop the student sees, and batch
    augments do not mix it.

    Args:
        folder: Where an earlier stage wrote the features, such as ``@features/features``.

    Raises:
        ConfigError: If ``folder`` is not a path.

    Example:
        >>> LoadFeatures(folder='@features/features').files('cat_1')
        ['@features/features/cat_1.npy']
    """

    def __init__(self, folder: str):
        if not isinstance(folder, str) or not folder:
            raise ConfigError(f'LoadFeatures.folder must be a path, got {folder!r}.')
        self.folder = folder
        self.store = FeatureStore(folder)

    def files(self, image_id: str) -> list[str]:
        """Return the path of the feature file."""
        return [str(self.store.path(image_id))]

    def read(self, image_id: str) -> np.ndarray:
        """Return the features of an image, float32 ``(D,)``."""
        return self.store.read(image_id)

    def transform(self, results: dict) -> dict:
        """Add the features to ``results``."""
        results['teacher'] = torch.from_numpy(self.read(results['image_id']))
        return results
