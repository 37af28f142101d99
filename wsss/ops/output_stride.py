# SPDX-License-Identifier: Apache-2.0
"""Finer feature maps: take the last strides out of a backbone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import ConfigError
from .modes import evaluating

_STRIDED = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


@dataclass
class _Step:
    """A module that can have a stride, and the stride of what it is given."""

    name: str
    module: nn.Module
    input_stride: int


def set_output_stride(
    backbone: nn.Module, output_stride: int, dilate: bool = False, input_size: int = 256
) -> list[str]:
    """Set to 1 the strides that come after ``output_stride`` is reached.

    A stride of 32 leaves 7 x 7 cells of a 224 px image, too coarse for a seed; PSA, IRN and C2AM
    work at 8 or 16. Any convolutional backbone is changed in place: its modules are found by
    running it once on an empty image. Parameters and their names stay as they are, so weights
    trained at another stride load; without ``dilate`` later convolutions then see a smaller
    surrounding than in training.

    Args:
        backbone: Maps ``(N, 3, H, W)`` to a feature map or a tuple of them (the last counts).
        output_stride: Pixels per cell of the last feature map: a power of 2.
        dilate: Also dilate the later kernels by the factor that their input has become finer
            (the rule of DeepLab; Chen et al., TPAMI 2018, section 3.1), which keeps what they see.
        input_size: Side of the empty image in pixels.

    Returns:
        The names of the modules whose stride was changed.

    Raises:
        ConfigError: If the backbone cannot have that stride; it is left as it was.

    Example:
        >>> from torchvision.models import resnet18
        >>> body = nn.Sequential(*list(resnet18().children())[:-2])
        >>> set_output_stride(body, 16)
        ['7.0.conv1', '7.0.downsample.0']
        >>> body(torch.rand(1, 3, 64, 64)).shape
        torch.Size([1, 512, 4, 4])
    """
    name = type(backbone).__name__
    steps, final = _trace(backbone, input_size)
    reachable = sorted({step.input_stride for step in steps} | {final})
    if output_stride not in reachable:
        raise ConfigError(
            f'output_stride={output_stride!r} cannot be reached in {name}: it passes the strides '
            f'{", ".join(map(str, reachable))}. Choose one of them.'
        )
    before = [(step.module, _geometry(step.module)) for step in steps]
    changed = []
    for step in steps:
        factor = step.input_stride // output_stride
        if factor >= 1 and max(_pair(step.module.stride)) > 1:
            _remove_stride(step.module)
            changed.append(step.name)
        if dilate and factor > 1 and isinstance(step.module, nn.Conv2d):
            _dilate(step.module, factor)
    try:
        reached, reason = _trace(backbone, input_size)[1], ''
    except (RuntimeError, ValueError) as error:
        reached, reason = None, f' ({str(error).splitlines()[0]})'
    if reached != output_stride:
        for module, geometry in before:
            for key, value in geometry.items():
                setattr(module, key, value)
        raise ConfigError(
            f'output_stride={output_stride} does not work for {name}: with stride 1 in '
            f'{", ".join(changed) or "no module"} its output has stride {reached}{reason}. Use '
            f"the backbone's own options (strides, dilations) or leave output_stride out."
        )
    return changed


def _trace(backbone: nn.Module, size: int) -> tuple[list[_Step], int]:
    """Run the backbone once and return its strided kinds of modules in order, and its stride."""
    steps: dict[str, _Step] = {}
    handles = []

    def watch(name: str, module: nn.Module) -> None:
        def hook(_, inputs: tuple[Tensor, ...]) -> None:
            if inputs[0].ndim == 4 and name not in steps:
                steps[name] = _Step(name, module, _stride(size, inputs[0]))

        handles.append(module.register_forward_pre_hook(hook))

    for name, module in backbone.named_modules():
        if isinstance(module, _STRIDED):
            watch(name, module)
    parameter = next(backbone.parameters(), torch.zeros(()))
    image = parameter.new_zeros(1, 3, size, size)
    try:
        with torch.no_grad(), evaluating(backbone):
            output = backbone(image)
    finally:
        for handle in handles:
            handle.remove()
    last = output[-1] if isinstance(output, (tuple, list)) else output
    if not isinstance(last, Tensor) or last.ndim != 4:
        raise ConfigError(
            f'output_stride needs a backbone whose last output is a feature map (N, C, h, w); '
            f'{type(backbone).__name__} gives {getattr(last, "shape", type(last).__name__)}. '
            'Leave output_stride out.'
        )
    return list(steps.values()), _stride(size, last)


def _stride(size: int, features: Tensor) -> int:
    # padding makes the ratio inexact: 256 / 15 is stride 16
    return 2 ** round(math.log2(size / max(features.shape[-2:])))


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _geometry(module: nn.Module) -> dict:
    keys = ('stride', 'kernel_size', 'padding', 'dilation', '_reversed_padding_repeated_twice')
    return {key: getattr(module, key) for key in keys if hasattr(module, key)}


def _remove_stride(module: nn.Module) -> None:
    pools = not isinstance(module, nn.Conv2d)
    if (
        pools
        and _pair(module.kernel_size) == _pair(module.stride)
        and not any(_pair(module.padding))
    ):
        # such a pool does nothing but lower the resolution (the shortcut of ResNet-D)
        module.kernel_size = 1 if isinstance(module.kernel_size, int) else (1, 1)
    module.stride = 1 if isinstance(module.stride, int) else (1, 1)


def _dilate(conv: nn.Conv2d, factor: int) -> None:
    if max(conv.kernel_size) == 1:
        return
    conv.dilation = tuple(d * factor for d in conv.dilation)
    if not isinstance(conv.padding, str):
        conv.padding = tuple(p * factor for p in conv.padding)
        conv._reversed_padding_repeated_twice = [
            p for pad in reversed(conv.padding) for p in (pad, pad)
        ]
