# SPDX-License-Identifier: Apache-2.0
"""How undecided score maps are."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def map_entropy(scores: Tensor) -> Tensor:
    """Return the mean entropy of scores taken as probabilities, in bits.

    ``-s log2 s - (1 - s) log2 (1 - s)``: 0 where every score is 0 or 1, 1 where every score is 0.5.
    It needs no truth, and falls as maps get more decided, right or wrong.

    Args:
        scores: float in [0, 1], any shape.

    Returns:
        A scalar; NaN without scores.

    Example:
        >>> float(map_entropy(torch.tensor([0.0, 0.5])))
        0.5
    """
    return (torch.special.entr(scores) + torch.special.entr(1 - scores)).mean() / math.log(2)
