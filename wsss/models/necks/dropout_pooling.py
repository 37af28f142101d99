# SPDX-License-Identifier: Apache-2.0
"""Average pooling with drop-out."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from mmpretrain.models import GlobalAveragePooling
from torch import Tensor

from ...checks import check_number
from ...registry import MODELS


@MODELS.register_module()
class DropoutPooling(GlobalAveragePooling):
    """mmpretrain's ``GlobalAveragePooling`` that, in training, leaves out some of the channels.

    Dropping whole channels before pooling is the same as dropping pooled features after it; the
    networks of PSA (J. Ahn and S. Kwak, CVPR 2018) and its successors drop half of them.

    Args:
        dropout: Share of the channels that are left out, in [0, 1).
        **kwargs: Of ``GlobalAveragePooling``.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> import torch
        >>> DropoutPooling(dropout=0.5).eval()(torch.ones(2, 8, 4, 4)).shape
        torch.Size([2, 8])
    """

    def __init__(self, dropout: float = 0.5, **kwargs: Any):
        super().__init__(**kwargs)
        self.dropout = check_number(dropout, 'DropoutPooling.dropout', 0, 1, below=True)

    def forward(self, inputs: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
        """Return pooled features ``(N, C)`` of a map ``(N, C, h, w)``, or of each of several."""
        pooled = super().forward(inputs)
        if isinstance(pooled, tuple):
            return tuple(F.dropout(part, self.dropout, self.training) for part in pooled)
        return F.dropout(pooled, self.dropout, self.training)
