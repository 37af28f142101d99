# SPDX-License-Identifier: Apache-2.0
"""Is the classifier good enough to make maps from?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from ..datasets.background_scenes import EXTRA_CLASS
from ..engine.notes import note
from ..errors import ConfigError, DataError, StageError
from ..fileio import write_json
from ..registry import METRICS
from .confusions import (
    co_occurrence,
    confusion_lines,
    confusions,
    frequent_pairs,
    predicted_classes,
)
from .health import health, health_table

_ROWS = 20


@METRICS.register_module()
class ClassifierHealth(BaseMetric):
    """Accuracy or average precision of a classifier, class by class, worst first.

    The maps of a class that the classifier does not know are noise, whatever comes after; this is
    the report to read before the next stage. Figures are in percent. Samples hold ``pred_score``
    ``(K,)`` and ``gt_label`` or ``gt_score``, as mmpretrain's do. Classes without an image in the
    split are left out of the means and named. On several ranks the images may be spread unevenly.

    The report also has the confusions that come with other classes: which absent class is predicted
    beside a present one more often than by chance (a boat for every stretch of water), and how
    often labels occur together, which is where such confusions are learned.

    Args:
        multi_label: True for mean average precision, False for accuracy (one class per image).
            None decides by the labels: accuracy if every image has exactly one.
        out_dir: Where ``health.json`` is written. None leaves it to the record of the stage, which
            gets the same content as ``health`` either way.
        show_worst: How many classes the table in the log has.
        show_confusions: How many confusions the log has.
        score_threshold: In [0, 1], the score from which on a class counts as predicted, for images
            with several labels; with one label each the best class is predicted.
        prefix: Put before the names of the figures, which are plain by default.

    Raises:
        ConfigError: If a number is out of range.

    Example:
        >>> test_evaluator = [dict(type='wsss.ClassifierHealth', multi_label=True)]
    """

    def __init__(
        self,
        multi_label: bool | None = None,
        out_dir: str | None = None,
        show_worst: int = 10,
        show_confusions: int = 5,
        score_threshold: float = 0.5,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ):
        # mmengine warns about metrics without a prefix
        super().__init__(collect_device=collect_device, prefix=prefix or 'plain')
        self.prefix = prefix
        for name, value in (('show_worst', show_worst), ('show_confusions', show_confusions)):
            if not isinstance(value, int) or value < 0:
                raise ConfigError(f'ClassifierHealth.{name} must be >= 0, got {value!r}')
        number = isinstance(score_threshold, (int, float)) and not isinstance(score_threshold, bool)
        if not number or not 0 <= score_threshold <= 1:
            raise ConfigError(
                f'ClassifierHealth.score_threshold must be in [0, 1], got {score_threshold!r}'
            )
        self.multi_label = multi_label
        self.out_dir = out_dir
        self.show_worst = show_worst
        self.show_confusions = show_confusions
        self.score_threshold = score_threshold

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores and labels of a batch, as float32 and bool ``(K,)`` on the CPU."""
        for sample in data_samples:
            if 'pred_score' not in sample:
                raise ConfigError(
                    'ClassifierHealth needs samples with pred_score; the model gives '
                    f'{", ".join(sorted(map(str, sample)))}. Use it with a classifier.'
                )
            score = torch.as_tensor(sample['pred_score']).detach().float().cpu().numpy().ravel()
            self.results.append((score, _target(sample, len(score))))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return the figures of ``(scores, target)`` pairs, and report them."""
        scores = np.stack([score for score, _ in results])
        targets = np.stack([target for _, target in results])
        if not np.isfinite(scores).all():
            raise StageError(
                'the classifier gives scores that are NaN or infinite: its training diverged. '
                'Train it again with a lower learning rate or without mixed precision.'
            )
        multi_label = self.multi_label
        if multi_label is None:
            multi_label = bool((targets.sum(axis=1) != 1).any())
        names = self._names(scores.shape[1])
        report = health(scores, targets, names, multi_label)
        predicted = predicted_classes(scores, multi_label, self.score_threshold)
        report['confusions'] = confusions(predicted, targets, names)
        report['co_occurrence'] = co_occurrence(targets, names)
        self._tell(report)
        return report['metrics']

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the images of all ranks and return the same figures on each.

        Args:
            size: Number of images of the data set; more than that are padding of the sampler.

        Raises:
            DataError: If there is no image.
            StageError: If a score is not a finite number.
        """
        parts = all_gather_object(self.results)
        self.results = []
        # sampler i of n holds images i, i + n, ...: dealt back in order, padding comes last
        longest = max(len(part) for part in parts)
        results = [part[i] for i in range(longest) for part in parts if i < len(part)][:size]
        if not results:
            raise DataError(
                'ClassifierHealth saw no image. Check split and indices of the data set.'
            )
        metrics = self.compute_metrics(results)
        return {f'{self.prefix}/{k}' if self.prefix else k: v for k, v in metrics.items()}

    def _names(self, count: int) -> list[str]:
        meta = self.dataset_meta or {}
        # a head may have one more class, of pictures that are in the training images alone
        known = [str(name) for name in meta.get('image_classes') or ()]
        if known and len(known) + 1 == count:
            return [*known, EXTRA_CLASS]
        for key in ('image_classes', 'classes', 'CLASSES'):
            if len(meta.get(key) or ()) == count:
                return [str(name) for name in meta[key]]
        return [f'class {index}' for index in range(count)]

    def _tell(self, report: dict) -> None:
        note(health=report, **_tables(report))
        if not is_main_process():
            return
        if self.out_dir is not None:
            write_json(Path(self.out_dir) / 'health.json', report)
        lines = confusion_lines(report['confusions'], self.show_confusions)
        table = health_table(report, self.show_worst)
        print_log('\n'.join([table, *lines]), 'current')


def _tables(report: dict) -> dict:
    """Return the tables of confusions and label pairs that the page about the run shows."""
    rows = report['confusions'][:_ROWS]
    images = {name: row['images'] for name, row in report['per_class'].items()}
    tables = dict(
        seen_beside_others={
            f'{row["predicted"]} given {row["present"]}': {
                key: row[key] for key in ('images', 'of', 'rate', 'chance')
            }
            for row in rows
        },
        labels_together=frequent_pairs(report['co_occurrence'], images, _ROWS),
    )
    return {name: dict(per_class=table) for name, table in tables.items() if table}


def _target(sample: dict, count: int) -> np.ndarray:
    """Return the labels of a sample as bool ``(K,)``."""
    if sample.get('gt_score') is not None:
        target = torch.as_tensor(sample['gt_score']).cpu().numpy().ravel() > 0.5
        if len(target) != count:
            raise DataError(
                f'image {_name(sample)}: gt_score has {len(target)} classes, the classifier '
                f'{count}. Set the number of classes of its head to that of the data set.'
            )
        return target
    if sample.get('gt_label') is None:
        raise DataError(
            f'image {_name(sample)} has neither gt_label nor gt_score. Let the pipeline pack one.'
        )
    labels = torch.as_tensor(sample['gt_label']).cpu().numpy().ravel().astype(np.int64)
    if len(labels) and not 0 <= labels.min() <= labels.max() < count:
        raise DataError(
            f'image {_name(sample)}: classes {labels.tolist()} are outside 0..{count - 1}. Set '
            'the number of classes of the head to that of the data set.'
        )
    target = np.zeros(count, dtype=bool)
    target[labels] = True
    return target


def _name(sample: dict) -> str:
    return repr(sample.get('image_id', sample.get('img_path', '?')))
