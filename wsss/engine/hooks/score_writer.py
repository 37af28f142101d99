# SPDX-License-Identifier: Apache-2.0
"""Write score maps as they are made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import ConfigError
from ...registry import HOOKS
from ...structures import ScoreStore


@HOOKS.register_module()
class ScoreWriter(Hook):
    """Write ``score_maps`` of every sample to ``<stage>/<folder>/<image id>.npz``.

    A file is whole or absent, and writing it again replaces it in one step. Before the test it
    tells the metrics that read the files (those with a method ``attach``) where they are and which
    images there must be.

    Args:
        folder: Below the stage's folder.

    Example:
        >>> custom_hooks = [dict(type='wsss.ScoreWriter')]
    """

    def __init__(self, folder: str = 'scores'):
        if not folder or Path(folder).is_absolute() or '..' in Path(folder).parts:
            raise ConfigError(
                f"ScoreWriter.folder must be a name below the stage's folder, got {folder!r}."
            )
        self.folder = folder

    def before_test(self, runner: Runner) -> None:
        """Tell the metrics where the files are."""
        # a loop that continues iterates a part of the data set only
        dataset = getattr(runner.test_loop, 'full_dataset', runner.test_dataloader.dataset)
        for metric in runner.test_evaluator.metrics:
            if hasattr(metric, 'attach'):
                metric.attach(Path(runner.work_dir), dataset)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | tuple | list | None = None,
        outputs: Sequence | None = None,
    ) -> None:
        """Write the maps of a batch."""
        store = ScoreStore(Path(runner.work_dir) / self.folder)
        for sample in outputs or ():
            if 'score_maps' not in sample or 'image_id' not in sample:
                raise ConfigError(
                    'ScoreWriter: the model gave a sample without score_maps or image_id. Use a '
                    "model that makes maps (wsss.CAMClassifier with cam=dict(type='GradCAM')) and "
                    'a pipeline that ends with wsss.PackViews.'
                )
            store.write(sample.image_id, sample.score_maps)
