# SPDX-License-Identifier: Apache-2.0
"""Write features as they are made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import ConfigError
from ...registry import HOOKS
from ...structures import FeatureStore

FOLDER = 'features'


@HOOKS.register_module()
class FeatureWriter(Hook):
    """Write ``features`` of every sample to ``<stage>/features/<image id>.npy``.

    A file is whole or absent, and writing it again replaces it in one step.

    Example:
        >>> default_hooks = dict(writer=dict(type='wsss.FeatureWriter'))
    """

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | tuple | list | None = None,
        outputs: Sequence | None = None,
    ) -> None:
        """Write the features of a batch."""
        store = FeatureStore(Path(runner.work_dir) / FOLDER)
        for sample in outputs or ():
            if 'features' not in sample or 'image_id' not in sample:
                raise ConfigError(
                    'FeatureWriter: the model gave a sample without features or image_id. Use '
                    'wsss.FeatureClassifier and a pipeline that ends with wsss.PackViews.'
                )
            store.write(sample.image_id, sample.features)
