# SPDX-License-Identifier: Apache-2.0
"""Pixels made again from superpixels."""

from __future__ import annotations

from torch import Tensor, nn

from ...checks import check_number
from ...ops.superpixel_losses import cross_entropy_error, distance_error, positions
from ...registry import MODELS


@MODELS.register_module()
class SuperpixelReconstructionLoss(nn.Module):
    """How far what superpixels stand for is from what their pixels have.

    ``L = mean_p E(t(p), t'(p)) + (m / S) mean_p |p - p'|_2`` where ``t'`` and ``p'`` are attribute
    and place made again from the means of superpixels (F. Yang et al., "Superpixel Segmentation
    with Fully Convolutional Networks", CVPR 2020, equations 3 and 4). ``E`` is the cross-entropy
    of shares of labels, or ``|t - t'|_2 / S`` of colours. Published losses are sums over pixels
    times 0.005; means do not depend on the crop, and an Adam does not feel the factor.

    Args:
        position_weight: Weight ``m`` of the place against the attribute; 0.003 as published.
        loss_weight: Factor of both.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> q = torch.eye(9)[4].view(1, 9, 1, 1).expand(1, 9, 4, 4)  # each to its own cell
        >>> losses = SuperpixelReconstructionLoss()(torch.ones(1, 1, 4, 4), q, 2, shares=True)
        >>> [round(float(value), 6) for value in losses.values()]  # 0.0015 * sqrt(0.5)
        [-0.0, 0.001061]
    """

    def __init__(self, position_weight: float = 0.003, loss_weight: float = 1.0):
        super().__init__()
        name = type(self).__name__
        self.position_weight = check_number(position_weight, f'{name}.position_weight', 0)
        self.loss_weight = check_number(loss_weight, f'{name}.loss_weight', 0)

    def forward(
        self,
        attribute: Tensor,
        q: Tensor,
        cell: int,
        shares: bool,
        known: Tensor | None = None,
        valid: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return ``loss_attribute`` and ``loss_position``.

        Args:
            attribute: float ``(N, C, H, W)``.
            q: Association ``(N, 9, H, W)``.
            cell: ``S``, the side of a cell in pixels.
            shares: Whether the attribute is shares of labels, of sum 1, or colours.
            known: ``(N, 1, H, W)``, 0 where a pixel has no attribute; None: all have one.
            valid: Likewise, 0 where there is no image.
        """
        if shares:
            error = cross_entropy_error(attribute, q, cell, known)
        else:
            error = distance_error(attribute, q, cell, known) / cell
        place = distance_error(positions(q), q, cell, valid) * self.position_weight / cell
        return {
            'loss_attribute': self.loss_weight * error,
            'loss_position': self.loss_weight * place,
        }
