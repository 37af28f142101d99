# SPDX-License-Identifier: Apache-2.0
"""Grad-CAM++."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import ConfigError, near_matches
from ..registry import CAMS
from .gradient_cam import GradientCAM
from .linear import class_weighted, image_weighted, map_weighted

VARIANTS = ('paper', 'official', 'pixelwise')


@CAMS.register_module()
class GradCAMPlusPlus(GradientCAM):
    """Feature maps weighted by positive gradients, each pixel by its share.

    ``w_k = sum_p alpha_k(p) ReLU(g_k(p))``, ``M_c = ReLU(sum_k w_k A_k)`` (Chattopadhyay et al.,
    "Grad-CAM++: Generalized Gradient-Based Visual Explanations for Deep Convolutional Networks",
    WACV 2018, eq. 10 and 19). With the score ``exp(y_c)`` higher derivatives are powers of the
    first: ``alpha = g^2 / (2 g^2 + g^3 S) = 1 / (2 + g S)``, ``S_k = sum_q A_k(q)``. The second
    form is used: it has no powers that underflow. ``exp(y_c)`` itself cancels in the normalisation.
    Only ``g > 0`` matters, so the denominator is at least 2 for activations after a ReLU; negative
    sums (layers without ReLU), for which the derivation does not hold, are taken as 0.

    On average pooling and a linear layer no backward pass is needed, and what it computes there is
    close to CAM without the negative weights: less discriminative between classes, but it covers
    more of the object. It differs in essence only at earlier layers or with non-linear heads.

    Args:
        layer: As in :class:`BaseCAM`.
        norm: As in :class:`GradientCAM`.
        eps: As in :class:`GradientCAM`.
        variant: ``paper``: as above; ``official``: the authors' code, ``alpha`` divided by its sum
            over the positions with ``g > 0``; ``pixelwise``: ``A_k(p)`` in place of ``S_k``, found
            in several reimplementations, not in the paper.
        force_gradient: As in :class:`GradientCAM`.
        max_maps: As in :class:`GradientCAM`.
        quantile: As in :class:`BaseCAM`.
        merge: As in :class:`BaseCAM`.
        layout: As in :class:`BaseCAM`.
        patch_size: As in :class:`BaseCAM`.

    Raises:
        ConfigError: For an unknown variant.

    Example:
        >>> from torchvision.models import resnet18
        >>> cam = GradCAMPlusPlus(layer='layer4', variant='official')
        >>> cam(resnet18(), torch.rand(1, 3, 64, 64), [[3, 7]])[0].scores.shape
        torch.Size([2, 2, 2])
    """

    def __init__(
        self,
        layer: str | Sequence[str] | None = None,
        norm: str = 'max',
        eps: float = 1e-12,
        variant: str = 'paper',
        force_gradient: bool = False,
        max_maps: int = 32,
        quantile: float = 0.995,
        merge: str = 'mean',
        layout: str = 'auto',
        patch_size: int | None = None,
    ):
        super().__init__(
            layer, norm, eps, force_gradient, max_maps, quantile, merge, layout, patch_size
        )
        if variant not in VARIANTS:
            raise ConfigError(
                f'GradCAMPlusPlus.variant={variant!r} is unknown.'
                f'{near_matches(str(variant), VARIANTS)} Allowed: {", ".join(VARIANTS)}.'
            )
        self.variant = variant

    def weigh(self, activations: Tensor, gradients: Tensor) -> Tensor:
        """Return ``sum_k w_k A_k``."""
        return map_weighted(activations, plus_plus_weights(activations, gradients, self.variant))

    def weigh_linear(
        self, activations: Tensor, weight: Tensor, rows: Tensor, classes: Tensor
    ) -> Tensor:
        """Return the closed forms: with ``g = w / Z`` the sums over pixels are known."""
        if self.variant == 'official':
            area = activations.shape[2] * activations.shape[3]
            return class_weighted(activations, weight.relu(), rows, classes) / area
        if self.variant == 'paper':
            own = weight[classes.to(weight.device)].relu()
            means = activations.mean(dim=(2, 3)).relu()[rows.to(weight.device)]
            weights = own / (2 + means * own)
            return image_weighted(activations, weights, rows)
        return super().weigh_linear(activations, weight, rows, classes)


def plus_plus_weights(activations: Tensor, gradients: Tensor, variant: str) -> Tensor:
    """Return the weight of each feature map.

    Args:
        activations: ``(M, C, h, w)``.
        gradients: ``(M, C, h, w)``, of the logit.
        variant: One of ``VARIANTS``.

    Returns:
        ``(M, C)``, at least 0.
    """
    positive = gradients.relu()
    if variant == 'pixelwise':
        mass = activations.relu()
    else:
        mass = activations.sum(dim=(2, 3), keepdim=True).relu()
    # 0 where g <= 0, without asking: ReLU(g) is a factor
    weighted = positive / (2 + positive * mass)
    if variant != 'official':
        return weighted.sum(dim=(2, 3))
    alpha = (gradients > 0) / (2 + positive * mass)
    total = alpha.sum(dim=(2, 3))
    return weighted.sum(dim=(2, 3)) / torch.where(total > 0, total, torch.ones_like(total))
