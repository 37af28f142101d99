# SPDX-License-Identifier: Apache-2.0
"""Random numbers that depend on the epoch, not on what came before it."""

from __future__ import annotations

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...registry import HOOKS


def seed_everything(*words: int) -> None:
    """Seed Python, NumPy and torch (all devices) from non-negative integers.

    Nearby words give unrelated streams, and the three generators get different seeds.
    """
    state = np.random.SeedSequence([int(word) for word in words]).generate_state(3, np.uint64)
    random.seed(int(state[0]))
    np.random.seed(int(state[1]) % 2**32)  # noqa: NPY002 - the transforms of mmcv draw from it
    torch.manual_seed(int(state[2]) % 2**63)


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed everything from (seed, epoch, iteration, rank) before every training epoch.

    A checkpoint holds no generator states. With this hook none are needed: dropout, augmentations
    and the base seed of the loader workers of an epoch follow from its number, so a run resumed at
    the end of an epoch repeats the undisturbed one bit by bit. It runs before the iterator of the
    loader is made, which draws the base seed; the order of the images comes from mmengine's
    sampler, which is seeded with the epoch likewise. Ranks get different streams.

    Use it with ``worker_init_fn=dict(type='wsss.seed_worker')`` and without ``persistent_workers``:
    workers that live on are not seeded anew. A loop by iterations counts as one epoch; resumed in
    the middle it goes on with fresh random numbers.

    Example:
        >>> custom_hooks = [dict(type='wsss.EpochSeedHook')]
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Say so where the loader makes exact repetition impossible."""
        if getattr(runner.train_dataloader, 'persistent_workers', False):
            runner.logger.warning(
                'train_dataloader.persistent_workers=True: workers are not seeded anew each epoch, '
                'so a resumed run will see other augmentations than an undisturbed one. Set it to '
                'False to repeat runs exactly.'
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed this rank for the epoch that begins."""
        seed_everything(runner.seed or 0, runner.epoch, runner.iter, get_rank())
