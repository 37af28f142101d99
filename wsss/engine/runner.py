# SPDX-License-Identifier: Apache-2.0
"""mmengine's Runner with a console that a person can follow."""

from __future__ import annotations

import contextlib
import logging

import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import BaseLoop, Runner
from mmengine.visualization import Visualizer
from torch import nn

from ..errors import ConfigError
from .model_wrappers import unwrapped

# said once per stage, of use when something goes wrong: to the log file only
_FILE_ONLY = (
    'Auto resumed from',
    'Config:',
    'Distributed training',
    'Exp name:',
    'Hooks will be executed',
    'Loads checkpoint by',
    'paramwise_options',
    'The model and loaded state dict',
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
)
# the fingerprint of a stage has compared the class lists before a training is continued; mmengine
# compares them with what our checkpoints do not hold
_ANSWERED = ('The dataset metainfo from the resumed checkpoint is different',)
# one warning for each parameter that the config has frozen on purpose
_FROZEN = 'is skipped since its requires_grad=False'


def _for_console(record: logging.LogRecord) -> bool:
    text = record.getMessage().strip()
    if text.startswith(_ANSWERED) or text.endswith(_FROZEN):
        return False
    return record.levelno > logging.INFO or not (
        text.startswith(_FILE_ONLY) or text.startswith('-' * 20) or 'Name of parameter' in text
    )


class StageRunner(Runner):
    """The Runner of a stage: the file gets the whole log, the console what changes."""

    def build_logger(
        self, log_level: int | str = 'INFO', log_file: str | None = None, **kwargs
    ) -> MMLogger:
        """Build the logger and quiet its handlers."""
        logger = super().build_logger(log_level, log_file, **kwargs)
        forgive_files(logger)
        for handler in logger.handlers:
            if type(handler) is logging.StreamHandler:
                handler.addFilter(_for_console)
        return logger

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Lay weights out channels-last, unless ``channels_last=False``, then wrap as usual.

        Convolutions hand the layout on, so nothing else has to know of it. It comes before the
        wrapper, which takes note of strides; loading copies values and keeps the layout. Some
        backbones (MobileNetV2) freeze their first stages only when they are told to train, and the
        wrapper of distributed trainings waits for gradients of all that is not frozen by then.
        """
        model.train(model.training)
        if self.cfg.get('channels_last', True):
            model.to(memory_format=torch.channels_last)
        return super().wrap_model(model_wrapper_cfg, model)

    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the loop of the training.

        Raises:
            ConfigError: If the training would not have a single step, or mix nothing.
        """
        built = super().build_train_loop(loop)
        loader = built.dataloader
        if len(loader) == 0:
            raise ConfigError(
                f'train_dataloader: {len(loader.dataset)} images on {self.world_size} process(es) '
                f'make no batch of {loader.batch_size}, and drop_last=True leaves out smaller '
                'ones. Set a smaller train_dataloader.batch_size.'
            )
        preprocessor = getattr(unwrapped(self.model), 'data_preprocessor', None)
        mixing = getattr(preprocessor, 'batch_augments', None)
        if getattr(mixing, 'augments', ()) and loader.batch_size == 1:
            raise ConfigError(
                f'train_dataloader.batch_size gives each of {self.world_size} process(es) one '
                'image, and model.data_preprocessor.batch_augments mixes those of one process: '
                f'nothing would be mixed. Set it to {2 * self.world_size} or more.'
            )
        return built

    def close(self) -> None:
        """Close files and forget the global instances that mmengine keeps by experiment name."""
        with contextlib.suppress(OSError):  # on a full disk, scalars are no loss
            self.visualizer.close()
        close_logger(self.logger)
        for manager in (MMLogger, MessageHub, Visualizer, DefaultScope):
            manager._instance_dict.pop(self.experiment_name, None)


def forgive_files(logger: MMLogger) -> None:
    """Let log files fail in silence: on a full disk every line would print a traceback."""
    for handler in logger.handlers:
        if isinstance(handler, logging.FileHandler):
            handler.handleError = lambda record: None


def close_logger(logger: MMLogger) -> None:
    """Close the handlers of a logger and make it no longer the current one."""
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        if isinstance(handler, logging.FileHandler):
            with contextlib.suppress(OSError):
                handler.close()
    for name, instance in list(MMLogger._instance_dict.items()):
        if instance is logger:
            MMLogger._instance_dict.pop(name)
