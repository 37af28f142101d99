# SPDX-License-Identifier: Apache-2.0
"""Grad-CAM."""

from __future__ import annotations

from torch import Tensor

from ..registry import CAMS
from .gradient_cam import GradientCAM
from .linear import class_weighted, map_weighted


@CAMS.register_module()
class GradCAM(GradientCAM):
    """Feature maps weighted by the mean gradient of the class's logit.

    ``a_k = mean_p g_k(p)``, ``M_c = ReLU(sum_k a_k A_k)`` (Selvaraju et al., "Grad-CAM: Visual
    Explanations from Deep Networks via Gradient-Based Localization", ICCV 2017, eq. 1 and 2).
    Works at any layer of any classifier. On average pooling and a linear layer it is CAM divided
    by the number of cells, and is computed as such, without a backward pass.

    Args:
        layer: As in :class:`BaseCAM`.
        norm: As in :class:`GradientCAM`.
        eps: As in :class:`GradientCAM`.
        force_gradient: As in :class:`GradientCAM`.
        max_maps: As in :class:`GradientCAM`.
        quantile: As in :class:`BaseCAM`.
        merge: As in :class:`BaseCAM`.
        layout: As in :class:`BaseCAM`.
        patch_size: As in :class:`BaseCAM`.

    Example:
        >>> from torchvision.models import resnet18
        >>> maps = GradCAM(layer='layer3.-1')(resnet18(), torch.rand(1, 3, 64, 64), [[3, 7]])
        >>> maps[0].scores.shape
        torch.Size([2, 4, 4])
    """

    def weigh(self, activations: Tensor, gradients: Tensor) -> Tensor:
        """Return ``sum_k mean_p(g_k) A_k``."""
        return map_weighted(activations, gradients.mean(dim=(2, 3)))

    def weigh_linear(
        self, activations: Tensor, weight: Tensor, rows: Tensor, classes: Tensor
    ) -> Tensor:
        """Return CAM divided by the number of cells."""
        area = activations.shape[2] * activations.shape[3]
        return class_weighted(activations, weight, rows, classes) / area
