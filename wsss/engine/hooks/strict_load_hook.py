# SPDX-License-Identifier: Apache-2.0
"""Refuse weights that do not fit."""

from __future__ import annotations

from mmengine.hooks import Hook

from ...registry import HOOKS
from ..checkpoint import check_fit, state_dict_of


@HOOKS.register_module()
class StrictLoadHook(Hook):
    """Compare what ``load_from`` or a resume brings with the model before it is copied.

    mmengine logs a difference and goes on with random weights.

    Args:
        allow_missing: Let parameters without weights keep their initial values.

    Example:
        >>> default_hooks = dict(strict_load=dict(type='wsss.StrictLoadHook', allow_missing=True))
    """

    def __init__(self, allow_missing: bool = False):
        self.allow_missing = allow_missing

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Raise :class:`wsss.errors.CheckpointError` where weights and model differ."""
        name = str(getattr(runner, '_load_from', None) or 'checkpoint')
        check_fit(runner.model, state_dict_of(checkpoint), name, self.allow_missing)
