# SPDX-License-Identifier: Apache-2.0
"""CAM of classes that compete with each other and a background."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import ConfigError
from ..registry import CAMS
from .cam import CAM
from .observation import Observation


@CAMS.register_module()
class SoftmaxCAM(CAM):
    """The share of a class in a softmax over background and all classes at each cell.

    ``M_c(p) = softmax_c(sum_k w_k A_k(p))`` of a classifier that has learnt a map of the background
    (:class:`wsss.models.EPSHead`), so a cell of the background has no class. The maps of SP-CAM
    (public code; S. Lee et al., "Railroad is not a Train", CVPR 2021, takes ReLU of the logits,
    which is :class:`CAM`). Classes that the image does not show take part in the softmax. Where no
    feature is active, where the softmax would be uniform, a map is 0.

    Args:
        layer: As in :class:`BaseCAM`.
        norm: As in :class:`BaseCAM`, of the shares; ``shares`` leaves them as they are, with the
            learnt background beside them; ``sigmoid`` and ``softmax`` do not apply.
        eps: As in :class:`BaseCAM`.
        quantile: As in :class:`BaseCAM`.
        merge: As in :class:`BaseCAM`.
        layout: As in :class:`BaseCAM`.
        patch_size: As in :class:`BaseCAM`.

    Example:
        >>> cams = dict(model=dict(cam=dict(type='wsss.SoftmaxCAM')))
    """

    gives_logits = False
    gives_shares = True

    def explain(self, observation: Observation, rows: Tensor, classes: Tensor) -> Tensor:
        """Return the share of the class for each pair of image and class.

        Raises:
            ConfigError: If the classifier has no map of the background.
        """
        head = getattr(observation.classifier, 'head', None)
        background = getattr(head, 'background_fc', None)
        if background is None:
            raise ConfigError(
                'SoftmaxCAM needs a classifier with a map of the background (wsss.EPSHead), and '
                f'{type(head).__name__} has none. Use CAM.'
            )
        if observation.weight is None:
            return super().explain(observation, rows, classes)  # which says why not
        own = observation.weight
        weight = torch.cat([background.weight.detach().to(own), own])
        bias = F.pad(observation.bias, (1, 0))
        active = observation.activations.any(1, keepdim=True)
        logits = F.conv2d(observation.activations, weight[:, :, None, None], bias)
        shares = logits.softmax(1) * active
        return shares[rows.to(shares.device), classes.to(shares.device) + 1]
