# SPDX-License-Identifier: Apache-2.0
"""Maps of classes that add up to the saliency."""

from __future__ import annotations

from torch import Tensor

from ...checks import check_choice, check_unit
from ...errors import ConfigError
from ...ops.eps import ROUTINGS, eps_loss
from ...registry import MODELS
from .map_loss import MapLoss


@MODELS.register_module()
class EPSLoss(MapLoss):
    """Squared error between saliency and the maps of the classes and the background.

    Saliency gives the maps borders, and its misses are told by labels: a class of the image that
    overlaps with it by no more than ``tau`` counts as background (S. Lee et al., "Railroad is not a
    Train: Saliency as Pseudo-pixel Supervision for Weakly Supervised Semantic Segmentation", CVPR
    2021). See :func:`wsss.ops.eps.eps_loss`.

    Needs :class:`wsss.models.EPSHead`, and in the pipeline of the training ``wsss.LoadSaliency``
    and ``wsss.AppendSaliency``. The published code takes saliency at the nearest pixel and trains
    padding as background; here saliency is averaged over each cell, and padding left out.

    Args:
        tau: Least overlap of a class that belongs to the foreground, in [0, 1].
        lam: Weight of the foreground's map against that of the background, in [0, 1].
        routing: How the overlap is measured. ``hard``: of the cells above 0.5, as published; as
            long as a class has none, it counts as background. ``soft``: of all by their values.
        loss_weight: Factor of the term.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> import torch
        >>> maps = torch.tensor([[[[2.0, 0.0]], [[0.0, 3.0]], [[0.0, 0.0]]]])
        >>> saliency = torch.tensor([[[[0.0, 1.0]]]])
        >>> round(float(EPSLoss()(maps, torch.ones(1, 2), saliency=saliency)), 7)
        0.0097722
    """

    needs_saliency = True

    def __init__(
        self,
        tau: float = 0.4,
        lam: float = 0.5,
        routing: str = 'hard',
        loss_weight: float = 1.0,
    ):
        super().__init__(loss_weight)
        self.tau = check_unit(tau, 'EPSLoss.tau')
        self.lam = check_unit(lam, 'EPSLoss.lam')
        self.routing = check_choice(routing, 'EPSLoss.routing', ROUTINGS)

    def term(
        self,
        maps: Tensor,
        target: Tensor,
        valid: Tensor | None,
        saliency: Tensor | None = None,
    ) -> Tensor:
        """Return the loss.

        Args:
            maps: float ``(N, K+1, h, w)``: logits of each cell, background first.
            target: As in :class:`MapLoss`.
            valid: As in :class:`MapLoss`.
            saliency: float ``(N, 1, h, w)`` in [0, 1].

        Raises:
            ConfigError: If there is no saliency.
        """
        if saliency is None:
            raise ConfigError(
                'wsss.EPSLoss needs saliency, and the images come without. Put wsss.LoadSaliency '
                'and wsss.AppendSaliency into the pipeline of train_dataloader, before what '
                'resizes, flips and crops.'
            )
        return eps_loss(maps, saliency, target, self.tau, self.lam, self.routing, valid)
