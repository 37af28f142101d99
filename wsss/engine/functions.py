# SPDX-License-Identifier: Apache-2.0
"""Functions that configs name."""

from __future__ import annotations

import random

import cv2
import numpy as np
import torch

from ..registry import FUNCTIONS


@FUNCTIONS.register_module()
def seed_worker(
    worker_id: int,
    num_workers: int | None = None,
    rank: int | None = None,
    seed: int | None = None,
) -> None:
    """Prepare a loader worker: one thread, and random numbers that change from epoch to epoch.

    Use it as ``worker_init_fn=dict(type='wsss.seed_worker')``. mmengine's own function seeds the
    workers with a constant, and as workers start anew with every epoch, each epoch then repeats the
    same augmentations. PyTorch draws a base seed from the main process whenever an iterator is
    made, and has seeded this worker's torch generator with base seed + worker id; Python's and
    NumPy's follow it here. With ``EpochSeedHook`` the base seed depends on (seed, epoch, rank)
    alone, so a resumed epoch sees the same augmentations as the undisturbed one.

    Args:
        worker_id: Number of the worker, from PyTorch; its seed contains it already.
        num_workers: Not needed; taken so that mmengine's arguments fit.
        rank: Mixed in where given; not needed with ``EpochSeedHook``.
        seed: Mixed in where given; not needed, as the base seed comes from it.

    Example:
        >>> loader = dict(num_workers=2, worker_init_fn=dict(type='wsss.seed_worker'))
    """
    words = [torch.initial_seed(), *(word for word in (rank, seed) if word is not None)]
    for_python, for_numpy = np.random.SeedSequence(words).generate_state(2)
    random.seed(int(for_python))
    np.random.seed(int(for_numpy))  # noqa: NPY002 - the transforms of mmcv draw from it
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
