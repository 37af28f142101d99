# SPDX-License-Identifier: Apache-2.0
"""A classifier that makes up its mind."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ...checks import check_choice, check_number
from ...ops.map_losses import ACTIVATIONS, masked_mean, sigmoid_entropy, softmax_entropy
from ...registry import MODELS
from .map_loss import MapLoss

LEVELS = ('pixel', 'image')
CLASSES = ('all', 'present')


@MODELS.register_module()
class EntropyLoss(MapLoss):
    """Mean entropy of what a classifier says of each cell or of each image.

    Mixed images leave a classifier undecided; its maps become sharper when that costs something
    (Y.-T. Chang et al., "Mixup-CAM: Weakly-supervised Semantic Segmentation via Uncertainty
    Regularization", BMVC 2020, which takes a softmax over the classes at each cell). The term is
    of the logits in every branch, mixed or not: a public project feeds labels, whose entropy has
    no gradient.

    Args:
        level: ``pixel``: of each cell; ``image``: of the logits of the whole image.
        act: ``softmax`` over the classes, or ``sigmoid`` of each (the mean over them).
        classes: ``all``, or those ``present`` in the label, of which more than one compete.
        background: Logit of a further class for what is none of the classes, only with a softmax.
            None: every cell has to be one of the classes, background too.
        loss_weight: Factor of the term; 0.02 in the paper.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> loss = EntropyLoss(loss_weight=1.0)
        >>> loss(torch.zeros(1, 4, 8, 8), torch.ones(1, 4))  # log 4
        tensor(1.3863)
    """

    def __init__(
        self,
        level: str = 'pixel',
        act: str = 'softmax',
        classes: str = 'all',
        background: float | None = None,
        loss_weight: float = 0.02,
    ):
        super().__init__(loss_weight)
        self.level = check_choice(level, 'EntropyLoss.level', LEVELS)
        self.act = check_choice(act, 'EntropyLoss.act', ACTIVATIONS)
        self.classes = check_choice(classes, 'EntropyLoss.classes', CLASSES)
        self.background = None
        if background is not None:
            check_choice(act, 'EntropyLoss.act (with background)', ('softmax',))
            self.background = check_number(background, 'EntropyLoss.background', -1e4)

    def term(self, maps: Tensor, target: Tensor, valid: Tensor | None) -> Tensor:
        """Return the mean entropy, see :class:`MapLoss`."""
        if self.level == 'image':
            maps, valid = self._images(maps, valid), None
        present = (target > 0)[:, :, None, None]
        if self.act == 'sigmoid':
            counts = None if valid is None else valid
            if self.classes == 'present':
                counts = present if valid is None else present * valid
            return masked_mean(sigmoid_entropy(maps), counts)
        if self.classes == 'present':
            # an image without classes has nothing to decide, but a softmax of nothing is NaN
            none = ~present.any(1, keepdim=True)
            maps = maps.masked_fill(~(present | none), -torch.inf)
            valid = ~none if valid is None else valid * ~none
        if self.background is not None:
            maps = F.pad(maps, (0, 0, 0, 0, 0, 1), value=self.background)
        return masked_mean(softmax_entropy(maps)[:, None], valid)

    @staticmethod
    def _images(maps: Tensor, valid: Tensor | None) -> Tensor:
        """Return the logits of the images, ``(N, K, 1, 1)``."""
        if valid is None:
            return maps.mean(dim=(2, 3), keepdim=True)
        weights = valid.to(maps)
        total = weights.sum(dim=(2, 3), keepdim=True).clamp(min=1)
        return (maps * weights).sum(dim=(2, 3), keepdim=True) / total
