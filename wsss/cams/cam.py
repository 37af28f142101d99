# SPDX-License-Identifier: Apache-2.0
"""CAM."""

from __future__ import annotations

from torch import Tensor

from ..errors import ConfigError
from ..registry import CAMS
from .base import BaseCAM
from .linear import class_weighted
from .observation import Observation


@CAMS.register_module()
class CAM(BaseCAM):
    """Class activation map: the classifier's last linear layer applied to every cell.

    ``M_c(p) = ReLU(sum_k w_ck A_k(p))`` (Zhou et al., "Learning Deep Features for Discriminative
    Localization", CVPR 2016, eq. 2). Before ReLU the mean of a map over the cells is the logit
    without its bias. All classes come from one forward pass and one matrix product.

    Needs average pooling and a linear layer (in either order) on the layer's output, which is
    checked with the logits themselves.

    Args:
        layer: As in :class:`BaseCAM`.
        norm: As in :class:`BaseCAM`.
        eps: As in :class:`BaseCAM`.
        quantile: As in :class:`BaseCAM`.
        merge: As in :class:`BaseCAM`.
        layout: As in :class:`BaseCAM`.
        patch_size: As in :class:`BaseCAM`.

    Example:
        >>> from torchvision.models import resnet18
        >>> images, classes = torch.rand(2, 3, 64, 64), [torch.tensor([3, 7]), torch.tensor([5])]
        >>> maps = CAM(layer='layer4')(resnet18(), images, classes)
        >>> [tuple(m.scores.shape) for m in maps]
        [(2, 2, 2), (1, 2, 2)]
    """

    gives_logits = True

    def explain(self, observation: Observation, rows: Tensor, classes: Tensor) -> Tensor:
        """Return ``sum_k w_ck A_k`` for each pair of image and class, with bias for logits."""
        if observation.weight is None:
            raise ConfigError(
                f'CAM(layer={observation.path!r}) needs a classifier whose logits are average '
                'pooling and a linear layer on that feature map, and this is not so here. Use '
                'GradCAM, or the last feature map (layer=None).'
            )
        maps = class_weighted(observation.activations, observation.weight, rows, classes)
        if self.uses_logits:
            maps = maps + observation.bias[classes.to(maps.device)][:, None, None]
        return maps
