# SPDX-License-Identifier: Apache-2.0
"""The checkpoints that one training left, one for each of its epochs."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ..errors import CheckpointError
from . import checkpoint

_AGAIN = (
    "Train it again (--redo <its stage>) with default_hooks.checkpoint=dict(type='wsss."
    "CheckpointHook', max_keep=-1), which keeps one checkpoint of every epoch."
)


class EpochWeights:
    """Weights after every epoch of a finished training.

    Checkpoints of another training, such as one that was stopped or had more epochs, must not pass
    for epochs of this one: each says its epoch, iteration and seed, and the last of them has to be
    what the training handed over as ``weights.pth``.

    Args:
        folder: Of the training stage.
        epochs: How many it had.

    Raises:
        CheckpointError: If an epoch is missing, or a checkpoint is not of this training.

    Example:
        >>> weights = EpochWeights('work_dirs/sweep/pets/classifier', 20)  # doctest: +SKIP
        >>> model.load_state_dict(weights.read(12))  # doctest: +SKIP
    """

    def __init__(self, folder: str | Path, epochs: int):
        self.folder = Path(folder)
        self.epochs = epochs
        present = {checkpoint.number_of(p) for p in self._path(0).parent.glob('epoch_*.pth')}
        missing = sorted({*range(1, epochs + 1)} - present)
        if missing:
            raise CheckpointError(
                f'training {self.folder} has no checkpoint of the epochs '
                f'{", ".join(map(str, missing))} (of {epochs}). {_AGAIN}'
            )
        if max(present) > epochs:
            raise CheckpointError(
                f'training {self.folder} of {epochs} epochs has a checkpoint of epoch '
                f'{max(present)}, which is of another training. {_AGAIN}'
            )
        content = checkpoint.load(self._path(epochs))
        self._last = content['meta']
        final = checkpoint.load(final_path(self.folder))
        own = checkpoint.state_dict_of(content)
        if own.keys() != final.keys() or not all(torch.equal(own[k], final[k]) for k in own):
            raise CheckpointError(
                f'{self._path(epochs)} and weights.pth beside its folder differ: they are not of '
                'one training, or a hook has changed the weights after the last epoch, which a '
                f'sweep of epochs cannot follow. {_AGAIN}'
            )

    def read(self, epoch: int) -> dict[str, Tensor]:
        """Return the state dict after an epoch.

        Raises:
            CheckpointError: If the file is damaged or of another training.
        """
        path = self._path(epoch)
        content = checkpoint.load(path)
        iterations = self._last['iter'] * epoch // self.epochs
        expected = dict(epoch=epoch, iter=iterations, seed=self._last['seed'])
        found = {key: (content.get('meta') or {}).get(key) for key in expected}
        if found != expected:
            raise CheckpointError(
                f'{path} is not of this training: it says {found}, expected {expected}. {_AGAIN}'
            )
        return checkpoint.state_dict_of(content)

    def _path(self, epoch: int) -> Path:
        return epoch_path(self.folder, epoch)


def epoch_path(folder: str | Path, epoch: int) -> Path:
    """Return where a training in ``folder`` keeps the checkpoint of an epoch."""
    return Path(folder) / 'checkpoints' / f'epoch_{epoch}.pth'


def final_path(folder: str | Path) -> Path:
    """Return where a training in ``folder`` hands over its weights."""
    return Path(folder) / 'weights.pth'
