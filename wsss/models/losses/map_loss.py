# SPDX-License-Identifier: Apache-2.0
"""What losses on the maps of a classifier have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from ...checks import check_number


class MapLoss(nn.Module, ABC):
    """A term that a classifier in training adds for its maps (``CAMClassifier.map_losses``).

    Args:
        loss_weight: Factor of the term, at least 0; :class:`wsss.engine.hooks.RampLossWeight` can
            let it grow.

    Raises:
        ConfigError: If a value is not usable.
    """

    needs_saliency: bool = False
    """Whether the term looks at the background's map, too, and at saliency."""

    needs_features: bool = False
    """Whether the term looks at features of the cells, which only some models give."""

    def __init__(self, loss_weight: float):
        super().__init__()
        self.loss_weight = check_number(loss_weight, f'{type(self).__name__}.loss_weight', 0)
        self.ramp = 1.0
        """Share of the weight that is in force now, in [0, 1]."""

    def forward(
        self, maps: Tensor, target: Tensor, valid: Tensor | None = None, **more: Any
    ) -> Tensor:
        """Return the term, a scalar.

        Args:
            maps: float ``(N, K, h, w)``: for each class the logit of each cell, whose mean is the
                logit of the image.
            target: float ``(N, K)`` in [0, 1]: labels, or mixed ones.
            valid: ``(N, 1, h, w)`` in [0, 1]: how much of a cell shows an image, 0 where it is
                padded; None: no image is.
            **more: For the term: ``saliency`` or ``features`` where it needs that.
        """
        with torch.autocast(maps.device.type, enabled=False):
            term = self.term(maps.float(), target, valid, **more)
        return self.ramp * self.loss_weight * term

    @abstractmethod
    def term(self, maps: Tensor, target: Tensor, valid: Tensor | None) -> Tensor:
        """Return the term without its weight; arguments as in :meth:`forward`, in float32."""
