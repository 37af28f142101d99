# SPDX-License-Identifier: Apache-2.0
"""Choose the epoch of a classifier and the threshold of its maps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import barrier, broadcast_object_list, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner, TestLoop
from mmengine.runner.amp import autocast
from torch.utils.data import DataLoader

from ...checks import check_integer
from ...datasets.metainfo import label_info
from ...errors import ConfigError, DataError
from ...evaluation.mask_metric import label_map
from ...evaluation.sweep_counts import CHOOSES, SweepCounts
from ...evaluation.sweep_table import Row, best_row, plot_table, write_table
from ...fileio import read_json, write_json
from ...pseudo_labels.thresholds import ThresholdChoice, check_grid
from ...registry import LOOPS
from .. import checkpoint
from ..epochs import EpochWeights, epoch_path, final_path
from ..model_wrappers import unwrapped
from ..notes import note
from ..reads_weights import ReadsWeights


@LOOPS.register_module()
class SweepLoop(TestLoop, ReadsWeights):
    """Make the maps of every epoch once and get the figures at all thresholds from them.

    Held-out images choose the epoch and the threshold with the best mIoU (M0) together. The other
    images are counted in the same pass; they choose nothing.

    Writes to the folder of the stage: ``sweep.csv`` (a row for each epoch, threshold and part of
    the images), ``sweep.png``, ``weights.pth`` (of the chosen epoch), ``threshold.json`` (for
    :class:`wsss.pseudo_labels.thresholds.EarlierThreshold`) and ``epochs/epoch_<n>.json``, the rows
    of an epoch as soon as it is finished: a loop that was killed goes on with the next.

    Reports ``epoch``, ``threshold``, ``mIoU_held_out`` (which chose them), ``mIoU`` (of the other
    images there) and ``oracle_mIoU``, ``oracle_epoch``, ``oracle_threshold`` (the best of the other
    images, an upper bound).

    Args:
        runner: The Runner; its model makes ``score_maps`` (:class:`wsss.models.CAMClassifier`).
        dataloader: Its pipeline loads masks (``LoadMask(optional=True)``) and ends with
            ``PackViews``.
        evaluator: Not used.
        fp16: As in mmengine.
        training: Folder of the training stage, which keeps the checkpoints of all epochs.
        epochs: How many it has.
        thresholds: Strictly increasing numbers in [0, 1].

    Raises:
        ConfigError: If a value is not usable, or no held-out image has truth.
        CheckpointError: If the checkpoints are not those of one training.

    Example:
        >>> test_cfg = dict(type='wsss.SweepLoop', training='@classifier', epochs=20)
    """

    # without which the stage is not done
    results = ('weights.pth', 'threshold.json', 'sweep.csv')
    located_by = ('training',)

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        training: str,
        epochs: int,
        thresholds: Sequence[float] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        fp16: bool = False,
    ):
        super().__init__(runner, dataloader, evaluator, fp16)
        self.training = training
        self.epochs = check_integer(epochs, 'test_cfg.epochs', 1)
        self.thresholds = check_grid(thresholds, 'test_cfg.thresholds')
        self.passes = 0
        self._folder = Path(runner.work_dir)
        self._info = label_info(self.dataloader.dataset)
        dataset = self.dataloader.dataset
        self._split = getattr(dataset, 'split', None)
        if not any(dataset.get_data_info(i).get('held_out') for i in range(len(dataset))):
            raise ConfigError(
                'SweepLoop: no image of test_dataloader.dataset is held out to choose with. Set '
                'held_out=0.1 (a fraction) of the data set of this stage.'
            )

    @staticmethod
    def weights_files(config: dict) -> dict[str, dict | None]:
        """Return the checkpoints of all epochs and the weights that the training hands over."""
        folder, epochs = config['training'], range(1, config['epochs'] + 1)
        found = {str(epoch_path(folder, i)): dict(epoch=i, iter=i, seed=0) for i in epochs}
        return {**found, str(final_path(folder)): None}

    def run(self) -> dict[str, Any]:
        """Make what is missing, choose, write; return the figures."""
        pending = self._pending()
        self.passes = len(pending)  # for the hook that shows the progress
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        self.runner.model.eval()
        weights = EpochWeights(self.training, self.epochs)
        for epoch in pending:
            rows = self._rows(epoch, weights)
            if is_main_process():
                write_json(self._path(epoch), rows)
        barrier()  # the other ranks read them
        rows = [row for i in range(self.epochs) for row in read_json(self._path(i + 1), 'rows')]
        metrics = self._report(rows, weights)
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics

    def _path(self, epoch: int) -> Path:
        return self._folder / 'epochs' / f'epoch_{epoch}.json'

    def _pending(self) -> list[int]:
        """Return the epochs without rows on disk; one rank looks, so that all agree."""
        found = [[i + 1 for i in range(self.epochs) if not self._path(i + 1).is_file()]]
        broadcast_object_list(found)
        return found[0]

    @torch.no_grad()
    def _rows(self, epoch: int, weights: EpochWeights) -> list[Row]:
        """Make the maps of an epoch and return its rows."""
        model = unwrapped(self.runner.model)
        state = weights.read(epoch)
        checkpoint.check_fit(model, state, f'of epoch {epoch} of {self.training}')
        model.load_state_dict(state)
        counts = SweepCounts(self.thresholds, self._info['classes'], self._info['class_to_label'])
        for index, data_batch in enumerate(self.dataloader):
            with autocast(enabled=self.fp16):
                samples = self.runner.model.test_step(data_batch)
            for sample in samples:
                self._count(counts, sample)
            self.runner.call_hook('after_test_iter', batch_idx=index, data_batch=data_batch)
        counts.reduce()
        rows = counts.rows(epoch, self._split)
        if best_row(rows, 'held_out') is None:
            raise ConfigError(
                'SweepLoop found no held-out image with truth to choose with. Put '
                'wsss.LoadMask(optional=True) into the pipeline of this stage.'
            )
        return rows

    def _count(self, counts: SweepCounts, sample: Any) -> None:
        truth = label_map(sample, 'gt_sem_seg')
        if truth is None:
            return
        try:
            counts.update(sample.score_maps.as_stored(), truth, sample.get('held_out', False))
        except ValueError as error:
            raise DataError(f'SweepLoop: image {sample.get("image_id")!r}: {error}.') from error

    def _report(self, rows: list[Row], weights: EpochWeights) -> dict[str, Any]:
        """Write the files and notes; return the figures."""
        chosen, oracle = best_row(rows, 'held_out'), best_row(rows, 'rest')
        epoch, threshold = chosen['epoch'], chosen['Threshold']
        where = f'the {chosen["n_images"]} held-out images, together with the epoch'
        choice = ThresholdChoice(threshold, 'held_out', where, chosen['n_images'])
        note(
            split=self._split,
            protocol=choice.protocol,
            metric='M0',
            images=len(self.dataloader.dataset),
            threshold_chosen_on=choice.chosen_on,
            chosen=chosen,
        )
        figures = dict(epoch=epoch, threshold=threshold, mIoU_held_out=chosen[CHOOSES])
        if oracle is not None:
            same = [r for r in rows if (r['epoch'], r['Threshold']) == (epoch, threshold)]
            figures.update(
                mIoU=same[-1][CHOOSES],
                oracle_mIoU=oracle[CHOOSES],
                oracle_epoch=oracle['epoch'],
                oracle_threshold=oracle['Threshold'],
            )
        if is_main_process():
            write_table(rows, self._folder / 'sweep.csv')
            plot_table(rows, self._folder / 'sweep.png', f'split {self._split}')
            checkpoint.save(weights.read(epoch), self._folder / 'weights.pth')
            write_json(
                self._folder / 'threshold.json',
                {**choice.to_dict(), 'split': self._split, 'epoch': epoch},
            )
            self.runner.logger.info(f'Epoch {epoch}, threshold {threshold:.4g}, chosen on {where}')
        return figures
