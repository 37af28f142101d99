# SPDX-License-Identifier: Apache-2.0
"""Which superpixels should share pixels."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ...checks import check_integer, check_number, check_unit
from ...ops.association import superpixel_affinity, superpixel_pool
from ...ops.superpixel_losses import diff_loss, neighbour_kinds, press_loss, superpixel_labels
from ...registry import MODELS


@MODELS.register_module()
class SuperpixelAffinityLoss(nn.Module):
    """The terms of SP-CAM on the affinities of superpixels.

    Superpixels get labels from class maps (:func:`wsss.ops.superpixel_losses.superpixel_labels`).
    ``press``: in the midst of one label a superpixel should not keep its pixels to itself,
    ``mean_s relu(A_ss - 0.75)``. ``diff``: across labels none should be shared, ``mean_s sum_t
    A_st``. The public code (commit 800c6d5) adds both for the last 30 % of the iterations:
    ``custom_hooks=[dict(type='wsss.RampLossWeight', begin=105, end=105)]`` of 150 epochs.

    The weights are the published 1 and 2 for sums over superpixels, beside sums over pixels times
    0.005, turned into those of means: ``1 / (0.005 * 16^2)`` and twice that.

    Args:
        press_weight: Factor of the first term.
        diff_weight: Factor of the second.
        limit: Affinity of a superpixel with itself that costs nothing, in [0, 1].
        min_same: So many of the 25 superpixels around, and more, must be of its label.
        low: Lower background score of the labels, in [0, 1].
        high: Higher background score, in [0, 1].
        rival: Share of the best class that the second may have, in [0, 1].

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> q = torch.eye(9)[4].view(1, 9, 1, 1).expand(1, 9, 10, 10)  # each to its own cell
        >>> losses = SuperpixelAffinityLoss(press_weight=1)(torch.zeros(1, 2, 10, 10), q, 2)
        >>> {name: round(float(value), 6) for name, value in losses.items()}
        {'loss_press': 0.25, 'loss_diff': 0.0}
    """

    def __init__(
        self,
        press_weight: float = 0.78125,
        diff_weight: float = 1.5625,
        limit: float = 0.75,
        min_same: int = 15,
        low: float = 0.05,
        high: float = 0.55,
        rival: float = 0.05,
    ):
        super().__init__()
        name = type(self).__name__
        self.press_weight = check_number(press_weight, f'{name}.press_weight', 0)
        self.diff_weight = check_number(diff_weight, f'{name}.diff_weight', 0)
        self.limit = check_unit(limit, f'{name}.limit')
        self.min_same = check_integer(min_same, f'{name}.min_same', 0)
        self.low = check_unit(low, f'{name}.low')
        self.high = check_number(high, f'{name}.high', self.low, 1)
        self.rival = check_unit(rival, f'{name}.rival')
        self.ramp = 1.0
        """Share of the weights that is in force now, in [0, 1]."""

    def forward(
        self, maps: Tensor, q: Tensor, cell: int, valid: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return ``loss_press`` and ``loss_diff``.

        Args:
            maps: float ``(N, K, H, W)`` in [0, 1], of the classes of the image; any ``K``.
            q: Association ``(N, 9, H, W)``.
            cell: Side of a cell in pixels.
            valid: ``(N, 1, H, W)``, 0 where there is no image; None: it is everywhere.
        """
        if not maps.shape[1]:  # no image of the batch shows a class
            maps = maps.new_zeros(len(maps), 1, *maps.shape[2:])
        present = None
        if valid is not None:
            q, present = q * valid, F.max_pool2d(valid, cell)
        pooled = superpixel_pool(maps, q.detach(), cell)
        labels = superpixel_labels(pooled, self.low, self.high, self.rival)
        if present is not None:
            labels = labels * present[:, 0].long()  # outside of the image is background
        same, different = neighbour_kinds(labels)
        affinity = superpixel_affinity(q, cell)
        press = press_loss(affinity, same, self.limit, self.min_same, present)
        diff = diff_loss(affinity, different, present)
        return {
            'loss_press': self.ramp * self.press_weight * press,
            'loss_diff': self.ramp * self.diff_weight * diff,
        }
