# SPDX-License-Identifier: Apache-2.0
"""A hook for a config of ``test_training_on_ranks.py``: what each rank drew, and its weights."""

from pathlib import Path

import torch
from mmengine.hooks import Hook

from wsss.engine.model_wrappers import unwrapped
from wsss.registry import HOOKS


class Recorded:
    """An augment, called with an identity matrix beside the labels, which shows what it does."""

    def __init__(self, augment, draws):
        self.augment, self.draws = augment, draws

    def __call__(self, images, scores):
        classes = scores.shape[1]
        both = torch.cat([scores.float(), torch.eye(len(scores))], dim=1)
        images, mixed = self.augment(images, both)
        stage = getattr(self.augment, '_drawn', None)
        name = type(self.augment).__name__
        self.draws.append([name, stage and stage[0], mixed[:, classes:]])
        return images, mixed[:, :classes]


@HOOKS.register_module()
class RecordDraws(Hook):
    """Writes ``rank<number>.pth``."""

    def before_train(self, runner):
        self.draws, self.losses = [], []
        mixing = unwrapped(runner.model).data_preprocessor.batch_augments
        mixing.augments = [Recorded(augment, self.draws) for augment in mixing.augments]

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.losses.append({name: value.item() for name, value in outputs.items()})

    def after_train(self, runner):
        weights = {k: v.detach() for k, v in unwrapped(runner.model).named_parameters()}
        found = dict(weights=weights, draws=self.draws, losses=self.losses)
        torch.save(found, Path(runner.work_dir) / f'rank{runner.rank}.pth')
