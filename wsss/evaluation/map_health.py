# SPDX-License-Identifier: Apache-2.0
"""Are the maps of a stage usable at all?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.dataset import BaseDataset
from mmengine.dist import all_reduce, barrier, get_rank, get_world_size
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..engine.notes import note
from ..errors import ConfigError, DataError
from ..registry import METRICS
from ..structures import ScoreMaps, ScoreStore


def map_facts(maps: ScoreMaps, threshold: float) -> Tensor:
    """Return whether each map is blank, and the share of its cells at or above ``threshold``.

    Returns:
        float64 ``(K', 2)``: blank (0 or 1), area in [0, 1].
    """
    flat = maps.scores.flatten(1)
    blank = (flat <= 0).all(dim=1)
    return torch.stack([blank, (flat >= threshold).double().mean(dim=1)], dim=1)


@METRICS.register_module()
class MapHealth(BaseMetric):
    """Blank maps and mean foreground area of the score files of all images.

    A blank map gives an image without any foreground; many of them mean a classifier that does not
    recognise its labels, or maps of the wrong layer. A mean area near 0 or 1 says the same. It
    reads the files that the stage wrote, not what passed by, so images that were already done when
    a run was continued count too. Every process reads its share.

    Metrics: ``images`` and ``maps`` (counts), ``blank`` (percent of the maps), ``area`` (mean
    percent of the cells at or above ``threshold``). The blank percentage of every class that has
    any goes to the stage's record as ``blank_maps_by_class``.

    Args:
        folder: Where the stage's ``ScoreWriter`` writes.
        threshold: In (0, 1).
        prefix: Put before the names.
        collect_device: As in mmengine; not needed.

    Example:
        >>> cams = dict(test_evaluator=[dict(type='wsss.MapHealth')])
    """

    default_prefix = 'maps'

    def __init__(
        self,
        folder: str = 'scores',
        threshold: float = 0.3,
        prefix: str | None = None,
        collect_device: str = 'cpu',
    ):
        super().__init__(collect_device=collect_device, prefix=prefix)
        if not 0 < threshold < 1:
            raise ConfigError(f'MapHealth.threshold must be in (0, 1), got {threshold}.')
        self.folder = folder
        self.threshold = threshold
        self.store: ScoreStore | None = None
        self.dataset: BaseDataset | None = None

    def attach(self, work_dir: Path, dataset: BaseDataset) -> None:
        """Take note of the stage's folder and data set; ``ScoreWriter`` calls it."""
        self.store = ScoreStore(Path(work_dir) / self.folder)
        self.dataset = dataset

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Do nothing: the files are read at the end."""

    def compute_metrics(self, results: list) -> dict:
        """Do nothing: see :meth:`evaluate`."""
        return {}

    def evaluate(self, size: int) -> dict:
        """Read the files of all images and return the metrics, equal on all processes.

        Raises:
            ConfigError: If no ``ScoreWriter`` is in the stage.
            DataError: If there are no images, or a file is missing or damaged.
        """
        if self.store is None or self.dataset is None:
            raise ConfigError(
                'MapHealth does not know where the maps are: add '
                "dict(type='wsss.ScoreWriter') to custom_hooks of the stage."
            )
        barrier()  # the files of the other processes
        names = self.dataset.metainfo['image_classes']
        # per class: maps, blank, area; last row: images
        sums = torch.zeros(len(names) + 1, 3, dtype=torch.float64)
        for index in range(get_rank(), len(self.dataset), get_world_size()):
            image_id = self.dataset.get_data_info(index)['image_id']
            maps = self.store.read(image_id)
            keys = maps.keys.long()
            if len(keys) and int(keys.max()) >= len(names):
                raise DataError(
                    f'score file {self.store.path(image_id)} holds the class ids {keys.tolist()}, '
                    f'the data set has {len(names)} classes. Redo the stage that wrote it.'
                )
            facts = map_facts(maps, self.threshold)
            sums[keys, 0] += 1
            sums[keys, 1:] += facts
            sums[-1, 0] += 1
        all_reduce(sums)
        return self._report(sums, names)

    def _report(self, sums: Tensor, names: Sequence[str]) -> dict:
        images = int(sums[-1, 0])
        if images == 0:
            raise DataError('MapHealth: the data set has no images. Check its split.')
        per_class = sums[:-1]
        count, blank, area = per_class.sum(dim=0).tolist()
        note(
            blank_maps_by_class={
                name: round(100 * own[1] / own[0], 2)
                for name, own in zip(names, per_class.tolist())
                if own[1] > 0
            }
        )
        values = dict(
            images=images,
            maps=int(count),
            blank=100 * blank / max(count, 1),
            area=100 * area / max(count, 1),
        )
        return {f'{self.prefix}/{key}': value for key, value in values.items()}
