# SPDX-License-Identifier: Apache-2.0
"""Maps of a class-agnostic model, one view at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...cams import BaseCAM


class AgnosticMap(BaseCAM):
    """The foreground of an image, given to each of its classes.

    What :class:`wsss.cams.ViewFusion` asks of a map. ``norm='max'`` is that of C2AM: logits below
    0 are background, the largest becomes 1. ``norm='sigmoid'`` averages logits over the views and
    gives the probability of foreground.

    Args:
        norm: ``max``, ``quantile``, ``minmax`` or ``sigmoid``, see :class:`wsss.cams.BaseCAM`.
    """

    gives_logits = True

    def __init__(self, norm: str = 'max'):
        super().__init__(layer='members.0.levels', norm=norm)

    def explain(self, *args: object) -> Tensor:
        """Not used: there is no classifier to observe."""
        raise NotImplementedError

    def raw_maps(
        self, classifier: nn.Module, images: Tensor, classes: Sequence[Tensor]
    ) -> list[Tensor]:
        """Return the signed logits of each image, cut at 0 unless ``norm`` reads logits.

        Args:
            classifier: A :class:`wsss.models.CCAM`, or its prepared copy.
            images: Normalised images ``(N, 3, H, W)``.
            classes: For each image int64 ``(K',)``; the first says which group it is of.

        Returns:
            For each image float ``(K', h, w)``, the same map for each class.
        """
        with torch.no_grad():
            logits = classifier.signed_logits(images, classes)
        maps = logits if self.uses_logits else logits.relu()
        return [own.expand(len(ids), *own.shape) for own, ids in zip(maps, classes)]
