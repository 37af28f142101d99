# SPDX-License-Identifier: Apache-2.0
"""Maps that follow the borders of colours."""

from __future__ import annotations

from torch import Tensor

from ...checks import check_integer, check_unit
from ...errors import ConfigError
from ...ops.prototype_reconstruction import reconstruction_loss
from ...registry import MODELS
from .map_loss import MapLoss


@MODELS.register_module()
class ReconstructionLoss(MapLoss):
    """How badly the mean features of classes and background tell those of the cells.

    Stands in for saliency where there is none: maps whose borders are those of the image rebuild it
    best (loss IPC of MSA, the successor of SP-CAM; public code). See
    :func:`wsss.ops.prototype_reconstruction.reconstruction_loss`. The model that uses it gives the
    features, as a rule the mean colour of superpixels, brought to length 1.

    Args:
        tiles: Tiles along each side of the grid; prototypes are of one tile.
        least: A tile counts if both classes and background reach this share in it, in [0, 1].
        loss_weight: Factor of the term; 0.3 as published.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> import torch
        >>> maps = torch.tensor([[[[0.0, 0.0, 2.0, 2.0]]]])
        >>> features = torch.tensor([[[[1.0, 1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0, 1.0]]]])
        >>> loss = ReconstructionLoss(tiles=1)
        >>> round(float(loss(maps, torch.ones(1, 1), features=features)), 4)
        0.0
    """

    needs_features = True

    def __init__(self, tiles: int = 3, least: float = 0.1, loss_weight: float = 0.3):
        super().__init__(loss_weight)
        self.tiles = check_integer(tiles, 'ReconstructionLoss.tiles', 1)
        self.least = check_unit(least, 'ReconstructionLoss.least')

    def term(
        self,
        maps: Tensor,
        target: Tensor,
        valid: Tensor | None,
        features: Tensor | None = None,
    ) -> Tensor:
        """Return the loss.

        Args:
            maps: As in :class:`MapLoss`.
            target: As in :class:`MapLoss`.
            valid: As in :class:`MapLoss`.
            features: float ``(N, D, h, w)``.

        Raises:
            ConfigError: If there are no features.
        """
        if features is None:
            raise ConfigError(
                'wsss.ReconstructionLoss needs features of the cells, which wsss.CAMClassifier '
                'has not. Use it in a model that gives them, or remove it from model.map_losses.'
            )
        return reconstruction_loss(maps, features, target, self.tiles, self.least, valid)
