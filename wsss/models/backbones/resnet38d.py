# SPDX-License-Identifier: Apache-2.0
"""The wide residual network of PSA and its successors."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...errors import ConfigError
from ...registry import MODELS

LEVELS = ('conv4', 'conv5', 'conv6')
# stage -> blocks, channels inside, channels out, stride, first dilation, dilation
STAGES = {
    'b2': (3, 128, 128, 2, 1, 1),
    'b3': (3, 256, 256, 2, 1, 1),
    'b4': (6, 512, 512, 2, 1, 1),
    'b5': (3, 512, 1024, 1, 1, 2),
}
# stage -> channels after the first and second convolution, channels out, dropout
BOTTLENECKS = {'b6': (512, 1024, 2048, 0.3), 'b7': (1024, 2048, 4096, 0.5)}


@MODELS.register_module()
class ResNet38d(BaseModule):
    """ResNet-38 with pre-activation and dilation, 4096 channels at output stride 8.

    Z. Wu, C. Shen, A. van den Hengel, "Wider or Deeper: Revisiting the ResNet Model for Visual
    Recognition", Pattern Recognition 2019, model A, in the dilated form of PSA (Ahn and Kwak,
    CVPR 2018), whose recipes fix the first convolution, the first stage and all batch norms.

    Stages are the modules ``b2`` to ``b7``, each of which returns its sum before batch norm: what
    :class:`wsss.augment.ManifoldMixup` mixes. The levels ``conv4`` and ``conv5`` are the activated
    inputs of ``b5`` and ``b6``.

    Args:
        out_indices: Of the levels 0 (``conv4``, 512 channels), 1 (``conv5``, 1024) and 2
            (``conv6``, 4096), all at stride 8. What lies above the last of them is neither run nor
            trained.
        frozen: Whether the first convolution and the first stage are fixed.
        norm_eval: Whether batch norms keep their statistics and parameters while training.
        init_cfg: As in mmengine.

    Raises:
        ConfigError: For a level that is not there.

    Example:
        >>> import torch
        >>> net = ResNet38d(out_indices=(0, 2)).eval()
        >>> [tuple(f.shape) for f in net(torch.zeros(1, 3, 64, 48))]
        [(1, 512, 8, 6), (1, 4096, 8, 6)]
    """

    def __init__(
        self,
        out_indices: Sequence[int] = (2,),
        frozen: bool = True,
        norm_eval: bool = True,
        init_cfg: dict | None = None,
    ):
        super().__init__(init_cfg)
        self.out_indices = tuple(out_indices)
        if not self.out_indices or not set(self.out_indices) <= {0, 1, 2}:
            raise ConfigError(
                f'ResNet38d.out_indices must be of 0, 1, 2 ({", ".join(LEVELS)}), got '
                f'{tuple(out_indices)}.'
            )
        self.norm_eval = norm_eval
        self.conv1a = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        channels = 64
        for name, (count, inside, outside, stride, first, later) in STAGES.items():
            blocks = []
            for i in range(count):
                dilations = (first, later) if i == 0 else (later, later)
                blocks.append(
                    _BasicBlock(channels, inside, outside, stride if i == 0 else 1, dilations)
                )
                channels = outside
            setattr(self, name, _Stage(*blocks))
        for name, (inside, middle, outside, drop) in BOTTLENECKS.items():
            setattr(self, name, _Bottleneck(channels, inside, middle, outside, drop))
            channels = outside
        self.bn7 = nn.BatchNorm2d(channels)
        self.fixed = [self.conv1a, self.b2] if frozen else []
        for module in (*self.fixed, *self._above()):
            module.requires_grad_(False)
        if norm_eval:
            for module in self._norms():
                module.requires_grad_(False)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the chosen levels of images ``(N, 3, H, W)``."""
        levels = []
        x = self.conv1a(images)
        for name in (*STAGES, *BOTTLENECKS):
            stage = getattr(self, name)
            activated = stage.activate(x)
            if name in ('b5', 'b6'):
                levels.append(activated)
                if len(levels) > max(self.out_indices):
                    break
            x = stage(x, activated)
        else:
            levels.append(F.relu(self.bn7(x)))
        return tuple(levels[index] for index in self.out_indices)

    def train(self, mode: bool = True) -> ResNet38d:
        """Set the mode; what is fixed stays in evaluation."""
        super().train(mode)
        for module in self.fixed:
            module.eval()
        if self.norm_eval:
            for module in self._norms():
                module.eval()
        return self

    def _above(self) -> list[nn.Module]:
        """Return what the levels do not need: DistributedDataParallel waits for all it trains."""
        last = max(self.out_indices)
        top = [self.b5, self.b6, self.b7, self.bn7][last:] if last < 2 else []
        # the first activation of the lowest is the level itself
        kept = (self.b5[0].bn1, self.b6.bn1, self.bn7)[last]
        leaves = [m for part in top for m in part.modules() if not list(m.children())]
        return [m for m in leaves if m is not kept]

    def _norms(self) -> list[nn.Module]:
        return [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]


class _Block(nn.Module):
    """What starts with batch norm and ReLU, whose result the network hands on as a level."""

    def __init__(self, given: int):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(given)

    def activate(self, x: Tensor) -> Tensor:
        """Return the activated input, the second argument of a call."""
        return F.relu(self.bn1(x))


class _Stage(nn.Sequential):
    """Blocks one after the other; called as a block is."""

    def activate(self, x: Tensor) -> Tensor:
        """Return the activated input of the first block."""
        return self[0].activate(x)

    def forward(self, x: Tensor, activated: Tensor) -> Tensor:
        """Return the sum that the last block ends with."""
        first, *others = self
        x = first(x, activated)
        for block in others:
            x = block(x, block.activate(x))
        return x


class _BasicBlock(_Block):
    """Two 3x3 convolutions; a shortcut of another shape starts from the activated input."""

    def __init__(
        self, given: int, inside: int, outside: int, stride: int, dilations: tuple[int, int]
    ):
        super().__init__(given)
        first, second = dilations
        self.conv1 = nn.Conv2d(given, inside, 3, stride, first, first, bias=False)
        self.bn2 = nn.BatchNorm2d(inside)
        self.conv2 = nn.Conv2d(inside, outside, 3, 1, second, second, bias=False)
        same = given == outside and stride == 1
        self.shortcut = None if same else nn.Conv2d(given, outside, 1, stride, bias=False)

    def forward(self, x: Tensor, activated: Tensor) -> Tensor:
        """Return the sum of shortcut and convolutions."""
        kept = x if self.shortcut is None else self.shortcut(activated)
        out = self.conv2(F.relu(self.bn2(self.conv1(activated))))
        return kept + out


class _Bottleneck(_Block):
    """1x1, dilated 3x3 and 1x1 convolutions, always with a projected shortcut."""

    def __init__(self, given: int, inside: int, middle: int, outside: int, drop: float):
        super().__init__(given)
        self.conv1 = nn.Conv2d(given, inside, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(inside)
        self.conv2 = nn.Conv2d(inside, middle, 3, 1, 4, 4, bias=False)
        self.bn3 = nn.BatchNorm2d(middle)
        self.conv3 = nn.Conv2d(middle, outside, 1, bias=False)
        self.shortcut = nn.Conv2d(given, outside, 1, bias=False)
        self.drop = nn.Dropout2d(drop)

    def forward(self, x: Tensor, activated: Tensor) -> Tensor:
        """Return the sum of shortcut and convolutions."""
        out = self.drop(F.relu(self.bn2(self.conv1(activated))))
        out = self.drop(F.relu(self.bn3(self.conv2(out))))
        return self.shortcut(activated) + self.conv3(out)
