# SPDX-License-Identifier: Apache-2.0
"""Maps by other packages, as their users make them, and by the formulas written out."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import torch
from torch import Tensor, nn

METHODS = ('CAM', 'GradCAM', 'GradCAMPlusPlus')


def stretched(maps: Tensor) -> Tensor:
    """Bring every map ``(..., h, w)`` to [0, 1] by its smallest and largest value."""
    maps = maps - maps.amin(dim=(-2, -1), keepdim=True)
    return maps / maps.amax(dim=(-2, -1), keepdim=True).clamp(min=1e-30)


def written_out(network: nn.Module, layer: nn.Module, images: Tensor, ids: list[int]) -> dict:
    """Return maps after ReLU ``(N, h, w)`` of each method by the paper's formula.

    One backward pass through the network as it is; formulas in float64.
    """
    kept: list[Tensor] = []
    handle = layer.register_forward_hook(lambda module, inputs, output: kept.append(output))
    with torch.enable_grad():
        logits = network(images)
        handle.remove()
        features = kept[0]
        (gradient,) = torch.autograd.grad(logits[range(len(ids)), ids].sum(), features)
    a, g = features.detach().double(), gradient.double()
    weight = [m for m in network.modules() if isinstance(m, nn.Linear)][-1].weight.detach().double()
    powers = 2 * g**2 + g**3 * a.sum(dim=(2, 3), keepdim=True)
    alpha = torch.where(g > 0, g**2 / powers, torch.zeros_like(g))
    weights = dict(
        CAM=weight[ids],
        GradCAM=g.mean(dim=(2, 3)),
        GradCAMPlusPlus=(alpha * g.relu()).sum(dim=(2, 3)),
    )
    return {
        name: torch.einsum('nc,nchw->nhw', own, a).relu().float() for name, own in weights.items()
    }


def usual_gradients(network: nn.Module, layer: nn.Module) -> Callable[[Tensor, list[int]], Tensor]:
    """Return Grad-CAM++ with hooks and one backward pass through the whole network."""

    def run(images: Tensor, ids: list[int]) -> Tensor:
        kept: list[Tensor] = []
        handle = layer.register_forward_hook(lambda module, inputs, output: kept.append(output))
        logits = network(images)
        handle.remove()
        kept[0].retain_grad()
        network.zero_grad()
        logits[range(len(ids)), ids].sum().backward()
        a, g = kept[0].detach(), kept[0].grad
        powers = 2 * g**2 + g**3 * a.sum(dim=(2, 3), keepdim=True)
        alpha = torch.where(g > 0, g**2 / powers, torch.zeros_like(g))
        weights = (alpha * g.relu()).sum(dim=(2, 3))
        return stretched((weights[:, :, None, None] * a).sum(dim=1).relu())

    return run


def grad_cam_package(network: nn.Module, layer: nn.Module) -> dict[str, Callable]:
    """Return the ways of the package ``grad-cam``: maps ``(N, H, W)`` at the size of the images."""
    if importlib.util.find_spec('pytorch_grad_cam') is None:
        return {}
    import pytorch_grad_cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    def way(name: str) -> Callable[[Tensor, list[int]], Tensor]:
        cam = getattr(pytorch_grad_cam, name)(model=network, target_layers=[layer])

        def run(images: Tensor, ids: list[int]) -> Tensor:
            targets = [ClassifierOutputTarget(i) for i in ids]
            return torch.from_numpy(cam(input_tensor=images, targets=targets))

        return run

    return {name: way(name) for name in ('GradCAM', 'GradCAMPlusPlus')}


def torchcam_package(network: nn.Module, path: str, fc: str) -> dict[str, Callable]:
    """Return the ways of the package ``torchcam``: maps ``(N, h, w)``."""
    if importlib.util.find_spec('torchcam') is None:
        return {}
    from torchcam import methods

    def way(name: str) -> Callable[[Tensor, list[int]], Tensor]:
        extra = dict(fc_layer=fc) if name == 'CAM' else {}

        def run(images: Tensor, ids: list[int]) -> Tensor:
            with getattr(methods, name)(network, target_layer=path, **extra) as extractor:
                if name == 'CAM':
                    with torch.no_grad():
                        logits = network(images)
                else:
                    logits = network(images)
                return extractor(ids, logits)[0].detach()

        return run

    names = dict(CAM='CAM', GradCAM='GradCAM', GradCAMPlusPlus='GradCAMpp')
    return {ours: way(theirs) for ours, theirs in names.items()}
