# SPDX-License-Identifier: Apache-2.0
"""How fast a loop runs and when it will end."""

from __future__ import annotations

import sys
import time
from typing import Any

from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import ConfigError
from ...registry import HOOKS
from ..meter import Meter, count_images, format_seconds, loop_images
from ..notes import note, read_notes


@HOOKS.register_module()
class ProgressHook(Hook):
    """Show images per second and the time to go, of training (all epochs), validation and test.

    A bar where the error stream is a terminal, otherwise a line in the log now and then. Training
    time leaves out validation, the time to go includes it. The rates of training and test go to the
    record of the stage, as ``train_images_per_s``, ``images`` and ``images_per_s``.

    Args:
        interval_s: Seconds between two lines in the log, at least.

    Raises:
        ConfigError: If ``interval_s`` is not positive.

    Example:
        >>> custom_hooks = [dict(type='wsss.ProgressHook', interval_s=10)]
    """

    priority = 'BELOW_NORMAL'

    def __init__(self, interval_s: float = 10):
        if isinstance(interval_s, bool) or not interval_s > 0:
            raise ConfigError(f'ProgressHook.interval_s must be > 0 seconds, got {interval_s!r}')
        self.interval_s = interval_s
        self._meters: dict[str, Meter] = {}
        self._bars: dict[str, Any] = {}
        self._shown = 0.0

    def before_train(self, runner: Runner) -> None:
        """Start counting the whole training."""
        # an iteration shows one batch per rank; the last batch of an epoch may be smaller
        loader, loop = runner.train_dataloader, runner.train_loop
        per_epoch = loop_images(loader) if loop.max_epochs and len(loader) else 0
        if per_epoch and loop.max_iters == loop.max_epochs * len(loader):
            per_iter = per_epoch / len(loader)
        else:
            batch = getattr(loader, 'batch_size', None) or loader.batch_sampler.batch_size
            per_iter = batch * get_world_size()
        self._start('train', round(per_iter * loop.max_iters), round(per_iter * runner.iter))

    def before_train_epoch(self, runner: Runner) -> None:
        """Go on after a validation."""
        self._meters['train'].resume()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Count a batch."""
        self._advance(runner, 'train', data_batch)

    def after_train(self, runner: Runner) -> None:
        """Leave the rate in the record."""
        meter = self._finish(runner, 'train')
        if meter.done > meter.first:
            note(train_images_per_s=round(meter.rate, 3))

    def before_val_epoch(self, runner: Runner) -> None:
        """Start counting a validation."""
        self._start('val', loop_images(runner.val_dataloader))

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Count a batch."""
        self._advance(runner, 'val', data_batch)

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Close the validation; training goes on."""
        self._finish(runner, 'val')
        if 'train' in self._meters:
            self._meters['train'].resume()

    def before_test_epoch(self, runner: Runner) -> None:
        """Start counting a test."""
        passes = getattr(runner.test_loop, 'passes', 1)
        self._start('test', passes * loop_images(runner.test_dataloader))

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Count a batch."""
        self._advance(runner, 'test', data_batch)

    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Leave number of images and rate in the record."""
        meter = self._finish(runner, 'test')
        # a metric that left images out has said so; a loop that found some on disk knows them all
        if 'images' not in read_notes():
            note(images=getattr(runner.test_loop, 'total', 0) or meter.done)
        if meter.done:
            note(images_per_s=round(meter.rate, 3))

    def _start(self, mode: str, total: int, first: int = 0) -> None:
        self._meters[mode] = Meter(total, first)
        self._shown = time.perf_counter()
        if is_main_process() and sys.stderr.isatty():
            from tqdm import tqdm

            self._bars[mode] = tqdm(
                total=total, initial=first, desc=mode, unit='img', leave=False, dynamic_ncols=True
            )

    def _advance(self, runner: Runner, mode: str, data_batch: Any) -> None:
        # ranks run in step, so the first stands for all; the sum is cut at the total
        meter = self._meters[mode]
        before = min(meter.done, meter.total)
        meter.add(count_images(data_batch))
        if mode in self._bars:
            self._bars[mode].update(min(meter.done, meter.total) - before)
        elif is_main_process() and time.perf_counter() - self._shown >= self.interval_s:
            self._shown = time.perf_counter()
            runner.logger.info(f'{mode}: {meter.text()}')

    def _finish(self, runner: Runner, mode: str) -> Meter:
        meter = self._meters.pop(mode)
        if mode in self._bars:
            self._bars.pop(mode).close()
        meter.share()
        if mode != 'val' and is_main_process():
            runner.logger.info(
                f'{mode}: {meter.done - meter.first} images in {format_seconds(meter.seconds)}, '
                f'{meter.rate:.1f} images/s'
            )
        return meter
