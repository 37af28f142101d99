# SPDX-License-Identifier: Apache-2.0
"""A test loop that continues where it was stopped."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

from mmengine.dist import barrier, broadcast_object_list, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.logging import print_log
from mmengine.registry import DATASETS
from mmengine.runner import Runner, TestLoop
from torch.utils.data import DataLoader

from ...errors import ConfigError
from ...registry import LOOPS
from ...structures import check_image_id


@LOOPS.register_module()
class PerImageLoop(TestLoop):
    """Test loop over the images whose result is not on disk yet.

    Writers rename whole files into place and a stage's folder belongs to one fingerprint, so a
    file that is there is right. Metrics of such a stage look at the folder, not at what passed
    through the loop.

    Args:
        runner: The Runner.
        dataloader: Config of the loader; ready-made loaders are used as they are.
        evaluator: Metrics.
        fp16: As in mmengine.
        written: File of one image relative to the stage's folder, ``{}`` is the image id.

    Example:
        >>> test_cfg = dict(type='wsss.PerImageLoop', written='scores/{}.npz')
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        fp16: bool = False,
        written: str = 'scores/{}.npz',
    ):
        if '{}' not in written:
            raise ConfigError(f"test_cfg.written must contain '{{}}', got {written!r}")
        self.pending = self.total = 0
        if isinstance(dataloader, dict):
            dataloader = self._without_written(runner, dataloader, written)
        super().__init__(runner, dataloader, evaluator, fp16)

    def _without_written(self, runner: Runner, loader: dict, written: str) -> dict:
        loader = copy.deepcopy(loader)
        dataset = self.full_dataset = DATASETS.build(loader['dataset'])
        folder = Path(runner.work_dir)
        ids = [check_image_id(dataset.get_data_info(i)['image_id']) for i in range(len(dataset))]
        # one rank looks, so that all agree although others may already write
        missing: list[Sequence[int]] = [()]
        if is_main_process():
            missing = [
                [i for i, name in enumerate(ids) if not (folder / written.format(name)).is_file()]
            ]
        broadcast_object_list(missing)
        self.pending, self.total = len(missing[0]), len(ids)
        if self.pending < self.total:
            done = self.total - self.pending
            print_log(f'{done} of {self.total} images are on disk already', 'current')
        # with nothing left the loader still needs a data set; run() does not iterate it then
        loader['dataset'] = dataset.get_subset(missing[0]) if self.pending else dataset
        return loader

    def run(self) -> dict:
        """Run over the pending images, then let the metrics look at the folder."""
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        self.runner.model.eval()
        if self.pending or not self.total:
            for idx, data_batch in enumerate(self.dataloader):
                self.run_iter(idx, data_batch)
        barrier()  # metrics read what the other ranks wrote
        metrics = self.evaluator.evaluate(self.total or len(self.dataloader.dataset))
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics
