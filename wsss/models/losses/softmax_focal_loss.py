# SPDX-License-Identifier: Apache-2.0
"""Focal loss over labels of which a pixel has exactly one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...checks import check_number
from ...errors import ConfigError
from ...ops.confusion import IGNORE
from ...registry import MODELS


def softmax_focal_loss(
    logits: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    alpha: Tensor | None = None,
    ignore_index: int = IGNORE,
) -> Tensor:
    """Return ``-a_t (1 - p_t)^gamma log p_t`` of every pixel, 0 where it is ignored.

    Args:
        logits: float ``(N, L, ...)``.
        target: Integer ``(N, ...)``: ids 0..L-1 and ``ignore_index``.
        gamma: At least 0; 0 gives the cross-entropy.
        alpha: float ``(L,)``, a factor for each label, or None.
        ignore_index: The id that does not count.

    Returns:
        float ``(N, ...)``.
    """
    valid = target != ignore_index
    known = torch.where(valid, target, 0).long()
    log_p = F.log_softmax(logits, 1).gather(1, known[:, None])[:, 0]
    # away from 0, where a power below 1 has no slope
    rest = -torch.expm1(log_p)
    loss = -rest.clamp(min=torch.finfo(rest.dtype).tiny).pow(gamma) * log_p
    if alpha is not None:
        loss = loss * alpha.to(loss)[known]
    return torch.where(valid, loss, 0)


@MODELS.register_module()
class SoftmaxFocalLoss(nn.Module):
    """Focal loss ``L = -a_t (1 - p_t)^gamma log p_t``, the mean over the pixels that count.

    T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, "Focal Loss for Dense Object Detection",
    ICCV 2017, eq. 4 and 5, with ``p_t`` of a softmax over the labels; mmsegmentation's
    ``FocalLoss`` takes a sigmoid for each. Without a pixel that counts the loss is 0.

    Args:
        gamma: At least 0: how much pixels that are right already are played down.
        alpha: A factor for each label, background first, or None.
        loss_weight: Factor of the whole.
        loss_name: Its name in the log; begins with ``loss``.

    Raises:
        ConfigError: If a number is out of range, or ``alpha`` does not fit the labels.

    Example:
        >>> loss = SoftmaxFocalLoss(gamma=2.0)
        >>> logits = torch.tensor([0.1, 0.9]).log().reshape(1, 2, 1, 1)
        >>> round(float(loss(logits, torch.ones(1, 1, 1, dtype=torch.long))), 8)
        0.00105361
    """

    # said as losses of mmpretrain say it
    use_sigmoid = False

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: Sequence[float] | None = None,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_focal',
    ):
        super().__init__()
        self.gamma = check_number(gamma, 'SoftmaxFocalLoss.gamma', 0)
        self.loss_weight = check_number(loss_weight, 'SoftmaxFocalLoss.loss_weight', 0)
        self.alpha = None
        if alpha is not None:
            factors = [
                check_number(factor, f'SoftmaxFocalLoss.alpha[{i}]', 0)
                for i, factor in enumerate(alpha)
            ]
            self.alpha = torch.tensor(factors)
        self._name = loss_name

    def forward(
        self,
        logits: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = IGNORE,
        **kwargs: Any,
    ) -> Tensor:
        """Return the loss.

        Args:
            logits: float ``(N, L, H, W)``.
            target: Integer ``(N, H, W)``.
            weight: float ``(N, H, W)``, a factor for each pixel, or None.
            ignore_index: The id that does not count.
            **kwargs: What mmsegmentation gives to other losses; not used.
        """
        if self.alpha is not None and len(self.alpha) != logits.shape[1]:
            raise ConfigError(
                f'SoftmaxFocalLoss.alpha has {len(self.alpha)} factors for {logits.shape[1]} '
                'labels. Give one for each, background first.'
            )
        loss = softmax_focal_loss(logits, target, self.gamma, self.alpha, ignore_index)
        if weight is not None:
            loss = loss * weight
        count = (target != ignore_index).sum().clamp(min=1)
        return self.loss_weight * loss.sum() / count

    @property
    def loss_name(self) -> str:
        """What mmsegmentation calls the loss in the log."""
        return self._name
