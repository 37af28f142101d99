# SPDX-License-Identifier: Apache-2.0
"""Save checkpoints that a kill cannot tear."""

from __future__ import annotations

from pathlib import Path

from mmengine.dist import master_only
from mmengine.hooks import Hook

from ...errors import ConfigError
from ...registry import HOOKS
from .. import checkpoint


@HOOKS.register_module()
class CheckpointHook(Hook):
    """Save the state of the training every ``interval`` epochs or iterations.

    Order of the file operations: the new checkpoint is written and renamed, then the pointer, then
    old ones are deleted; a kill between any two leaves a whole checkpoint. mmengine's own hook
    deletes first and writes in place.

    Args:
        interval: Epochs (or iterations) between two checkpoints.
        by_epoch: Count epochs; False counts iterations.
        max_keep: How many to keep; -1 keeps all (for a sweep over epochs).

    Example:
        >>> default_hooks = dict(checkpoint=dict(type='wsss.CheckpointHook', max_keep=-1))
    """

    priority = 'VERY_LOW'

    def __init__(self, interval: int = 1, by_epoch: bool = True, max_keep: int = 1):
        if interval < 1:
            raise ConfigError(f'CheckpointHook.interval must be at least 1, got {interval}')
        if max_keep == 0 or max_keep < -1:
            raise ConfigError(f'CheckpointHook.max_keep must be -1 (all) or >= 1, got {max_keep}')
        self.interval = interval
        self.by_epoch = by_epoch
        self.max_keep = max_keep

    def before_train(self, runner) -> None:
        """Delete what a run that was killed after writing a checkpoint left undeleted."""
        source = getattr(runner, '_load_from', None)
        if source and getattr(runner, '_resume', False):
            if Path(source).parent == Path(runner.work_dir) / 'checkpoints':
                self._prune(Path(source))

    def after_train_epoch(self, runner) -> None:
        """Save after every ``interval`` epochs and after the last."""
        epoch = runner.epoch + 1
        if self.by_epoch and (epoch % self.interval == 0 or epoch == runner.max_epochs):
            self._save(runner, f'epoch_{epoch}.pth', epoch, runner.iter)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """Save after every ``interval`` iterations and after the last."""
        iteration = runner.iter + 1
        if not self.by_epoch and (iteration % self.interval == 0 or iteration == runner.max_iters):
            self._save(runner, f'iter_{iteration}.pth', runner.epoch, iteration)

    @master_only
    def _save(self, runner, filename: str, epoch: int, iteration: int) -> None:
        folder = Path(runner.work_dir)
        path = folder / 'checkpoints' / filename
        content = checkpoint.training_state(runner, epoch, iteration)
        runner.call_hook('before_save_checkpoint', checkpoint=content)  # such as averaged weights
        checkpoint.save(content, path)
        checkpoint.write_pointer(folder, path)
        self._prune(path)

    @master_only
    def _prune(self, newest: Path) -> None:
        """Delete what came before the newest whole checkpoint, but for the last ``max_keep``."""
        if self.max_keep > 0:
            number = checkpoint.number_of
            found = [p for p in newest.parent.glob('*.pth') if number(p) <= number(newest)]
            for old in sorted(found, key=number)[: -self.max_keep]:
                old.unlink(missing_ok=True)
