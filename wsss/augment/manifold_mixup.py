# SPDX-License-Identifier: Apache-2.0
"""Mixing of what is between the layers of a network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ConfigError, near_matches
from ..registry import BATCH_AUGMENTS
from .base import BatchMix, blend

INPUT = 'input'


@BATCH_AUGMENTS.register_module()
class ManifoldMixup(BatchMix):
    """Mix, at a place drawn for each batch, what a stage of the backbone gives.

    V. Verma et al., "Manifold Mixup: Better Representations by Interpolating Hidden States", ICML
    2019. Whatever the stage returns is mixed along its first axis: maps, or all tokens of a
    transformer, the class token among them.

    The model calls :meth:`attach` once (:class:`wsss.models.CAMClassifier` does so for all augments
    that have it); after that the stages mix the batches that this augment has drawn for, and no
    others.

    Args:
        stages: Places of which one is drawn, each as likely: ``input`` and names of modules of the
            backbone, such as ``layer2`` or ``layers.5``, whose output is mixed.
        alpha: Of ``lam ~ Beta(alpha, alpha)``, above 0.
        per_sample: Draw a share for each image instead of one for the batch.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> backbone = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 8, 1))
        >>> mix = ManifoldMixup(stages=['0'])
        >>> mix.attach(backbone)
        >>> images, labels = mix(torch.rand(2, 3, 8, 8), torch.eye(2))
        >>> backbone(images).shape  # of which the output of the first layer is mixed
        torch.Size([2, 8, 8, 8])
    """

    def __init__(self, stages: Sequence[str], alpha: float = 1.0, per_sample: bool = False):
        super().__init__(alpha, per_sample)
        names = [stages] if isinstance(stages, str) else list(stages)
        if not names or not all(isinstance(name, str) for name in names):
            raise ConfigError(
                f"ManifoldMixup.stages must be names such as ['input', 'layer1'], got {stages!r}."
            )
        self.stages = names
        self._attached = names == [INPUT]
        self._drawn: tuple[str, Tensor, Tensor] | None = None

    def attach(self, backbone: nn.Module) -> None:
        """Make the stages of a backbone mix.

        Raises:
            ConfigError: If it has no such module.
        """
        modules = dict(backbone.named_modules())
        for name in self.stages:
            if name == INPUT:
                continue
            if not name or name not in modules:
                names = [key for key in modules if key]
                top = [key for key in names if '.' not in key]
                raise ConfigError(
                    f'ManifoldMixup.stages: {type(backbone).__name__} has no module {name!r}.'
                    f'{near_matches(name, names)} At its top are: {", ".join(top)}.'
                )
            modules[name].register_forward_hook(partial(self._mix_output, name))
        self._attached = True

    def mix(
        self, images: Tensor, scores: Tensor, shares: list[float], partners: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the images, mixed only at ``input``, and mixed labels, see :class:`BatchMix`.

        Raises:
            ConfigError: If no backbone is attached, or the stage drawn last did not run: labels
                alone would be mixed.
        """
        if not self._attached:
            raise ConfigError(
                'ManifoldMixup is not attached to a backbone. Use it with a model that attaches '
                'it, such as wsss.CAMClassifier, or call attach(backbone).'
            )
        if self._drawn is not None:
            raise ConfigError(
                f'ManifoldMixup.stages: the backbone never ran {self._drawn[0]!r} as a module, so '
                'its output cannot be mixed. Name modules that are called, such as the last block '
                'of a list of blocks.'
            )
        stage = self.stages[int(torch.randint(len(self.stages), ()))]
        weights = torch.tensor(shares, dtype=images.dtype, device=images.device)
        self._drawn = None if stage == INPUT else (stage, partners, weights)
        if stage == INPUT:
            images = blend(images, partners, weights)
        return images, blend(scores, partners, weights)

    def _mix_output(self, name: str, module: nn.Module, inputs: Any, output: Any) -> Any:
        """Mix the output of a stage once, if a batch was drawn for it."""
        if self._drawn is None or self._drawn[0] != name:
            return None
        _, partners, weights = self._drawn
        self._drawn = None
        if isinstance(output, Tensor):
            return blend(output, partners, weights)
        if type(output) not in (tuple, list) or not any(isinstance(x, Tensor) for x in output):
            raise ConfigError(
                f'ManifoldMixup.stages: {name!r} returns {type(output).__name__}, in which no '
                'features can be mixed. Name a module that returns tensors.'
            )
        # such as Swin's, whose stages return the size of the map beside it
        return type(output)(
            blend(part, partners, weights) if isinstance(part, Tensor) else part for part in output
        )
