# SPDX-License-Identifier: Apache-2.0
"""Maps that stay together."""

from __future__ import annotations

from torch import Tensor

from ...checks import check_choice, check_number
from ...ops.map_losses import spread
from ...registry import MODELS
from .map_loss import MapLoss

REDUCTIONS = ('images', 'classes')


@MODELS.register_module()
class ConcentrationLoss(MapLoss):
    """How far the activation of each class lies from its centre.

    For each class of the label, with ``M`` its positive activation and ``mu`` the centre of mass,
    ``sum_p |p - mu|^2 M(p) / sum_p M(p)``, both axes in [-1, 1] (W.-C. Hung et al., "SCOPS", CVPR
    2019; Y.-T. Chang et al., "Mixup-CAM", BMVC 2020). Mixed labels weigh the classes of both
    images by their shares. A class without activation adds nothing.

    A public project takes a softmax over the classes first, which makes every empty cell ``1 / K``
    and the term nearly that of a uniform map; here a map is its positive part.

    Args:
        reduction: ``images``: the sum over the classes of an image, averaged over images, as
            published; ``classes``: the mean over all classes present, whose size does not depend on
            how many an image has.
        cap: What a squared distance counts at most, above 0, for images with several instances far
            apart; None for no limit.
        loss_weight: Factor of the term; 2e-4 as published.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> import torch
        >>> maps = torch.zeros(1, 2, 5, 7)
        >>> maps[0, 0, 2, 3] = 1.0
        >>> loss = ConcentrationLoss(loss_weight=1.0)
        >>> round(float(loss(maps, torch.ones(1, 2))), 6)  # one cell, and nothing at all
        0.0
    """

    def __init__(
        self,
        reduction: str = 'images',
        cap: float | None = None,
        loss_weight: float = 2e-4,
    ):
        super().__init__(loss_weight)
        self.reduction = check_choice(reduction, 'ConcentrationLoss.reduction', REDUCTIONS)
        self.cap = cap
        if cap is not None:
            self.cap = check_number(cap, 'ConcentrationLoss.cap', 0, above=True)

    def term(self, maps: Tensor, target: Tensor, valid: Tensor | None) -> Tensor:
        """Return the spread of the classes present, see :class:`MapLoss`."""
        maps = maps.relu()
        if valid is not None:
            maps = maps * valid
        found = (spread(maps, self.cap) * target).sum()
        if self.reduction == 'images':
            return found / len(target)
        return found / target.sum().clamp(min=1e-6)
