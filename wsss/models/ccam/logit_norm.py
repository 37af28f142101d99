# SPDX-License-Identifier: Apache-2.0
"""Centre the logits of all images of a batch."""

from __future__ import annotations

import torch
from mmengine.dist import get_world_size
from torch import Tensor, nn

from ...ops.over_ranks import sum_over_ranks


class LogitNorm(nn.BatchNorm2d):
    """Batch norm of one channel over the images of all processes, without scale and shift.

    It centres logits, so that about half of the cells of a batch are foreground: what keeps C2AM
    from calling everything foreground. A learnt shift could undo that, and the released code
    leaves it out of the optimiser.
    """

    def __init__(self):
        super().__init__(1, affine=False)

    def forward(self, logits: Tensor) -> Tensor:
        """Return normalised logits ``(N, 1, h, w)``."""
        if not self.training or get_world_size() == 1:
            return super().forward(logits)
        values = logits.double()
        count = sum_over_ranks(values.new_tensor(float(values.numel())))
        mean = sum_over_ranks(values.sum()) / count
        variance = sum_over_ranks((values - mean).square().sum()) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean.detach().to(self.running_mean), self.momentum)
            unbiased = variance.detach() * count / (count - 1).clamp(min=1)
            self.running_var.lerp_(unbiased.to(self.running_var), self.momentum)
        return ((values - mean) / (variance + self.eps).sqrt()).to(logits.dtype)
