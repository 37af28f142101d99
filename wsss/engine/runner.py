# SPDX-License-Identifier: Apache-2.0
"""mmengine's Runner with a console that a person can follow."""

from __future__ import annotations

import logging

import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from torch import nn

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


def _for_console(record: logging.LogRecord) -> bool:
    text = record.getMessage().strip()
    return record.levelno > logging.INFO or not (
        text.startswith(_FILE_ONLY) or text.startswith('-' * 20) or 'Name of parameter' in text
    )


class StageRunner(Runner):
    """The Runner of a stage: the file gets the whole log, the console what changes."""

    def build_logger(
        self, log_level: int | str = 'INFO', log_file: str | None = None, **kwargs
    ) -> MMLogger:
        """Build the logger and quiet its console handler."""
        logger = super().build_logger(log_level, log_file, **kwargs)
        for handler in logger.handlers:
            if type(handler) is logging.StreamHandler:
                handler.addFilter(_for_console)
        return logger

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Lay weights out channels-last, unless ``channels_last=False``, then wrap as usual.

        Convolutions hand the layout on, so nothing else has to know of it. It comes before the
        wrapper, which takes note of strides; loading copies values and keeps the layout.
        """
        if self.cfg.get('channels_last', True):
            model.to(memory_format=torch.channels_last)
        return super().wrap_model(model_wrapper_cfg, model)

    def close(self) -> None:
        """Close files and forget the global instances that mmengine keeps by experiment name."""
        self.visualizer.close()
        close_logger(self.logger)
        for manager in (MMLogger, MessageHub, Visualizer, DefaultScope):
            manager._instance_dict.pop(self.experiment_name, None)


def close_logger(logger: MMLogger) -> None:
    """Close the handlers of a logger and make it no longer the current one."""
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        if isinstance(handler, logging.FileHandler):
            handler.close()
    for name, instance in list(MMLogger._instance_dict.items()):
        if instance is logger:
            MMLogger._instance_dict.pop(name)
