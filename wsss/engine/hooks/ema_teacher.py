# SPDX-License-Identifier: Apache-2.0
"""Averaged weights as the result of a training."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.hooks import EMAHook
from mmengine.runner import Runner

from ...registry import HOOKS
from ..model_wrappers import unwrapped


@HOOKS.register_module()
class EMATeacher(EMAHook):
    """Keep a running mean of the weights and leave it as the result of the training.

    mmengine's hook, whose mean is meant for mmengine's checkpoints: here the ``weights.pth`` of the
    stage, which its test and the next stage load, holds the mean too, and the mean goes on where a
    training was stopped. In a round of self-training the mean teaches the next round; it is
    steadier than the last weights (A. Tarvainen and H. Valpola, "Mean teachers are better role
    models", NeurIPS 2017).

    Args:
        **kwargs: Of ``mmengine.hooks.EMAHook``. ``momentum`` is the share of the newest weights,
            0.0002 unless given, which is little where a round has a hundred iterations.

    Example:
        >>> round_training = dict(custom_hooks=[dict(type='wsss.EMATeacher', momentum=0.01)])
    """

    def before_run(self, runner: Runner) -> None:
        """Begin the mean; a test has none, its weights are averaged already."""
        self.ema_model = None
        if runner.optim_wrapper is not None:
            super().before_run(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Go on with the mean of a stopped training; another begins with its first weights."""
        if self.ema_model is not None and runner._resume:
            super().after_load_checkpoint(runner, checkpoint)

    def before_test_epoch(self, runner: Runner) -> None:
        """Do nothing."""

    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Do nothing."""

    @torch.no_grad()
    def after_train(self, runner: Runner) -> None:
        """Give the model the averaged weights."""
        model = unwrapped(runner.model)
        averaged: dict[str, Any] = self.ema_model.module.state_dict()
        for name, value in model.state_dict().items():
            value.copy_(averaged[name])
