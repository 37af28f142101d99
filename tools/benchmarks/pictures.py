# SPDX-License-Identifier: Apache-2.0
"""Pictures and networks for the benchmarks of maps."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)


def load_pictures(folder: str | None, count: int, longer_side: int) -> list[np.ndarray]:
    """Return RGB pictures, uint8 ``(H, W, 3)``, whose longer side is at most ``longer_side``.

    They are the first JPEG files below ``folder``, used again if they are too few, or generated.
    """
    if folder is None:
        generator = torch.Generator().manual_seed(0)
        size = (longer_side * 3 // 4, longer_side)
        parts = [
            F.interpolate(torch.rand(count, 3, n, n, generator=generator), size, mode='bicubic')
            for n in (4, 12, 48)
        ]
        pictures = (sum(parts) / 3 * 255).clamp(0, 255).to(torch.uint8)
        return [np.ascontiguousarray(own.permute(1, 2, 0).numpy()) for own in pictures]
    paths = sorted(Path(folder).rglob('*.jpg'))[:count]
    if not paths:
        raise SystemExit(f'--images {folder}: no .jpg file below it')
    pictures = []
    for path in paths:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        factor = longer_side / max(picture.shape[:2])
        if factor < 1:
            picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        pictures.append(picture)
    return [pictures[i % len(pictures)] for i in range(count)]


def square_batch(pictures: list[np.ndarray], side: int) -> Tensor:
    """Return normalised images ``(N, 3, side, side)``."""
    squares = [cv2.resize(own, (side, side), interpolation=cv2.INTER_AREA) for own in pictures]
    batch = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float()
    mean, std = (torch.tensor(v)[:, None, None] for v in (MEAN, STD))
    return ((batch - mean) / std).contiguous()


def load_in_order(network: nn.Module, path: str) -> None:
    """Load weights whose tensors come in the network's order, whatever their names."""
    content = torch.load(path, map_location='cpu', weights_only=True)
    given, own = content.get('state_dict', content), network.state_dict()
    if [tuple(v.shape) for v in given.values()] != [tuple(v.shape) for v in own.values()]:
        raise SystemExit(f'--weights {path}: not the shapes of {type(network).__name__}')
    network.load_state_dict(dict(zip(own, given.values())))


def make_network(name: str, images: Tensor, weights: str | None = None) -> nn.Module:
    """Return a network of torchvision with the given weights, or one that tells ``images`` apart.

    The latter's weights are drawn. Its batch norms have seen the images, or activations would grow
    beyond all bounds, and class ``i`` stands for what sets image ``i`` apart from the mean: maps of
    a drawn last layer would be differences of nearly equal sums, noise of rounding included.
    """
    torch.manual_seed(0)
    network = torchvision.models.get_model(name, weights=None)
    if weights:
        load_in_order(network, weights)
        return network.eval()
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    with torch.no_grad():
        network(images)
    network.eval()
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    pooled: list[Tensor] = []
    handle = last.register_forward_pre_hook(lambda module, inputs: pooled.append(inputs[0]))
    with torch.no_grad():
        network(images)
        own = pooled[0] - pooled[0].mean(dim=0)
        rows = torch.arange(len(last.weight)) % len(own)
        last.weight.copy_(F.normalize(own, dim=1)[rows])
    handle.remove()
    return network
