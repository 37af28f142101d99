# SPDX-License-Identifier: Apache-2.0
"""Loss weights that grow."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...checks import check_number
from ...errors import ConfigError
from ...registry import HOOKS
from ..model_wrappers import unwrapped


@HOOKS.register_module()
class RampLossWeight(Hook):
    """Let the weight of the ``map_losses`` of a model grow linearly from 0, or step up.

    A classifier that has learnt nothing yet should not make up its mind. The weight depends on the
    iteration alone, so a continued training has the right one. Models with ``map_losses`` are
    :class:`wsss.models.CAMClassifier` and :class:`wsss.models.SuperpixelNet`.

    Args:
        end: Epoch, counted from 0, at which the weight is whole; fractions count. The same as
            ``begin``: it steps up there.
        begin: Epoch until which it is 0.
        terms: Types of the terms, such as ``['EntropyLoss']``; None for all of them.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> custom_hooks = [dict(type='wsss.RampLossWeight', begin=1, end=3)]
    """

    def __init__(self, end: float, begin: float = 0.0, terms: list[str] | None = None):
        self.begin = check_number(begin, 'RampLossWeight.begin', 0)
        self.end = check_number(end, 'RampLossWeight.end', self.begin)
        self.terms = terms

    def before_train(self, runner: Runner) -> None:
        """Look for the terms.

        Raises:
            ConfigError: If the model has none of them, or the training ends before they count.
        """
        epochs = getattr(runner, 'max_epochs', None)
        if epochs is not None and self.begin >= epochs:
            raise ConfigError(
                f'RampLossWeight.begin is epoch {self.begin:g}, and the training ends after '
                f'{epochs}: the terms would never count. Lower begin (in configs/sp_cam '
                'superpixel_recipe.affinity_from), or train longer.'
            )
        model = unwrapped(runner.model)
        present = [type(term).__name__ for term in getattr(model, 'map_losses', ())]
        missing = sorted(set(self.terms or present[:1] or ['map_losses']) - set(present))
        if missing:
            raise ConfigError(
                f'RampLossWeight: {type(model).__name__} has no {", ".join(missing)} among its '
                f'map_losses ({", ".join(present) or "none"}). Set model.map_losses (SuperpixelNet '
                'has model.affinity), or remove the hook from custom_hooks.'
            )

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Set the share of the weights for this iteration."""
        epoch = runner.iter / len(runner.train_dataloader)
        length = self.end - self.begin
        share = (epoch - self.begin) / length if length else float(epoch >= self.begin)
        for term in unwrapped(runner.model).map_losses:
            if self.terms is None or type(term).__name__ in self.terms:
                term.ramp = min(max(share, 0.0), 1.0)
