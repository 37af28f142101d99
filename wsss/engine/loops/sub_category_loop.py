# SPDX-License-Identifier: Apache-2.0
"""Cluster the images of each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dist import barrier, broadcast_object_list, get_rank, get_world_size, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner, TestLoop
from torch.utils.data import DataLoader

from ...checks import check_flag, check_integer
from ...errors import ConfigError, DataError
from ...fileio import read_json, write_json
from ...ops.distill import soft_assignments
from ...registry import CLUSTERERS, LOOPS, TRANSFORMS, build
from ...structures import SubCategories
from ..notes import note

TABLE = 'sub_categories.json'


@LOOPS.register_module()
class SubCategoryLoop(TestLoop):
    """Part the images of each class into sub-classes by their features.

    The step between two trainings of sub-category exploration (Y.-T. Chang et al.,
    "Weakly-Supervised Semantic Segmentation via Sub-category Exploration", CVPR 2020). Writes
    ``sub_categories.json`` (:class:`wsss.structures.SubCategories`) to the folder of the stage, and
    ``classes/<class id>.json`` as soon as a class is done: a loop that was stopped goes on with the
    next. Only the features of one class are in memory. The processes share the classes.

    Reports ``sub_categories`` (of all classes), ``fewest_of_a_class`` and ``most_of_a_class``.

    Images that are not trained on must not decide about the training, so another split than
    ``training_split`` is refused unless ``transductive=True``; the record and the table say
    ``transductive``.

    Args:
        runner: The Runner; its model is not used.
        dataloader: Of the images, without transforms.
        evaluator: Not used.
        features: What reads their features: ``dict(type='wsss.LoadFeatures', folder=...)``.
        clusterer: A type of the registry ``CLUSTERERS``.
        training_split: Split of the training images, ``'@data/train/split'``.
        transductive: True allows another split.
        soft: Keep how much each image belongs to each sub-class
            (:func:`wsss.ops.distill.soft_assignments`) for ``wsss.DistillLoss``.
        seed: Of the clusterer.
        fp16: As in mmengine.

    Raises:
        ConfigError: If a value is not usable, or images of another split would be clustered.
        DataError: If features are missing or do not fit each other.

    Example:
        >>> test_cfg = dict(
        ...     type='wsss.SubCategoryLoop', training_split='train',
        ...     features=dict(type='wsss.LoadFeatures', folder='@features1/features'),
        ...     clusterer=dict(type='wsss.KMeans', k=10))
    """

    # without which the stage is not done
    results = (TABLE,)

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        features: dict,
        clusterer: dict,
        training_split: str,
        transductive: bool = False,
        soft: bool = False,
        seed: int = 0,
        fp16: bool = False,
    ):
        super().__init__(runner, dataloader, evaluator, fp16)
        self.reader = build(TRANSFORMS, features, 'test_cfg.features')
        self.clusterer = build(CLUSTERERS, clusterer, 'test_cfg.clusterer')
        self.described = dict(clusterer) if isinstance(clusterer, dict) else {}
        self.soft = check_flag(soft, 'test_cfg.soft')
        self.seed = check_integer(seed, 'test_cfg.seed', 0)
        dataset = self.dataloader.dataset
        self.split = getattr(dataset, 'split', None)
        self.transductive = self.split != training_split
        allowed = check_flag(transductive, 'test_cfg.transductive')
        if self.transductive and not allowed:
            raise ConfigError(
                f'test_dataloader.dataset is the split {self.split!r}, the training images are '
                f'{training_split!r}: others must not decide about the training. Cluster the split '
                f'{training_split!r}, or set test_cfg.transductive=True, which the record shows.'
            )
        self.classes = tuple(dataset.metainfo['image_classes'])
        rows = [dataset.get_data_info(i) for i in range(len(dataset))]
        # the result does not depend on the order of the list
        self.labels = {row['image_id']: row['gt_label'] for row in rows}
        self.labels = dict(sorted(self.labels.items()))
        self.total = len(self.labels)  # for the hook that shows the progress
        self._folder = Path(runner.work_dir)

    def run(self) -> dict[str, Any]:
        """Cluster the classes that are not done, write the table, return the figures."""
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        for class_id in self._pending()[get_rank() :: get_world_size()]:
            write_json(self._path(class_id), self._cluster(class_id), indent=None)
        barrier()  # the first rank reads what the others wrote
        table = self._table()
        metrics = self._report(table)
        if is_main_process():
            table.write(self._folder / TABLE)
        barrier()
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics

    def _path(self, class_id: int) -> Path:
        return self._folder / 'classes' / f'{class_id}.json'

    def _pending(self) -> list[int]:
        """Return the classes that are not done; one rank looks, so that all agree."""
        found = [[i for i in range(len(self.classes)) if not self._path(i).is_file()]]
        broadcast_object_list(found)
        return found[0]

    def _cluster(self, class_id: int) -> dict[str, list]:
        """Return the sub-class of each image of a class, and its shares if they are kept."""
        images = [image_id for image_id, labels in self.labels.items() if class_id in labels]
        if not images:
            return dict(subs=[], soft=[])
        features = stacked([self.reader.read(image_id) for image_id in images], images)
        subs = self.clusterer(features, self.seed)
        soft = soft_assignments(features, subs).round(4).tolist() if self.soft else []
        return dict(subs=subs.tolist(), soft=soft)

    def _table(self) -> SubCategories:
        """Return the table of all classes."""
        counts = []
        images: dict[str, dict[int, int]] = {image_id: {} for image_id in self.labels}
        soft: dict[str, dict[int, list[float]]] = {image_id: {} for image_id in self.labels}
        for class_id in range(len(self.classes)):
            found = read_json(self._path(class_id), 'clusters of a class')
            counts.append(max(found['subs'], default=-1) + 1)
            own = [image_id for image_id, labels in self.labels.items() if class_id in labels]
            for image_id, sub in zip(own, found['subs'], strict=True):
                images[image_id][class_id] = sub
            for image_id, shares in zip(own, found['soft']):
                soft[image_id][class_id] = shares
        return SubCategories(
            dataset=type(self.dataloader.dataset).__name__,
            split=str(self.split),
            classes=self.classes,
            counts=tuple(counts),
            images=images,
            transductive=self.transductive,
            clusterer={**self.described, 'seed': self.seed},
            soft=soft if self.soft else None,
        )

    def _report(self, table: SubCategories) -> dict[str, int]:
        """Note what the record shows, say which classes were not parted; return the figures."""
        counts = dict(zip(self.classes, table.counts))
        note(split=self.split, transductive=self.transductive, clusterer=table.clusterer)
        note(sub_categories_by_class=counts)
        whole = [name for name, count in counts.items() if count < 2]
        if whole and is_main_process():
            self.runner.logger.info(
                f'{len(whole)} classes have one sub-class, or no images: {", ".join(whole)}'
            )
        present = [count for count in table.counts if count]
        return dict(
            sub_categories=table.total,
            fewest_of_a_class=min(present, default=0),
            most_of_a_class=max(present, default=0),
        )


def stacked(rows: Sequence[np.ndarray], images: Sequence[str]) -> np.ndarray:
    """Return features of several images, ``(N, D)``.

    Args:
        rows: Each ``(D,)``.
        images: Their ids.

    Raises:
        DataError: If they are of different lengths.
    """
    for row, image_id in zip(rows, images):
        if len(row) != len(rows[0]):
            raise DataError(
                f'the features of image {image_id!r} are {len(row)} numbers, those of image '
                f'{images[0]!r} {len(rows[0])}: they come from different networks. Run the stage '
                'that wrote them again with --redo.'
            )
    return np.stack(rows)
