# SPDX-License-Identifier: Apache-2.0
"""Fold batch norm into the convolutions before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_weights

from .modes import evaluating

# of the largest output; more means that folding does not apply to this network
TOLERANCE = 1e-4


class _Pair(NamedTuple):
    conv: nn.Conv2d
    parent: nn.Module
    name: str
    norm: _BatchNorm


def fold_batch_norm(model: nn.Module, images: Tensor, keep: Sequence[nn.Module] = ()) -> int:
    """Fold every batch norm that directly follows a convolution into it, in place.

    In evaluation mode batch norm is a fixed scale and shift of each channel, so it can be part of
    the convolution's weights: one pass over memory less. Which batch norm follows which
    convolution is seen in a run on ``images``, not guessed from names; afterwards the outputs are
    compared, and if they differ (the convolution is read by something else as well) the model is
    put back. A folded batch norm becomes an identity of the same name, so paths stay valid.

    The model must not be trained or saved afterwards: give a copy.

    Args:
        model: Called with ``images``; its output is a tensor.
        images: A small batch.
        keep: Modules whose outputs must stay what they are: a convolution among them, or at their
            end, is not folded.

    Returns:
        How many were folded; 0 if none could be.

    Example:
        >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval()
        >>> fold_batch_norm(net, torch.rand(1, 3, 8, 8)), net[1]
        (1, Identity())
    """
    with torch.inference_mode(False), torch.no_grad(), evaluating(model):
        images = images.clone() if images.is_inference() else images
        pairs, expected = _trace(model, images, keep)
        if not pairs:
            return 0
        before = [(pair.conv.weight, pair.conv.bias) for pair in pairs]
        for pair in pairs:
            _fold(pair)
        found = model(images)
    difference, scale = (found - expected).abs().max(), expected.abs().max()
    if bool(difference <= TOLERANCE * scale):
        return len(pairs)
    for pair, (weight, bias) in zip(pairs, before):
        pair.conv.weight, pair.conv.bias = weight, bias
        setattr(pair.parent, pair.name, pair.norm)
    return 0


def _trace(
    model: nn.Module, images: Tensor, keep: Sequence[nn.Module]
) -> tuple[list[_Pair], Tensor]:
    """Run the model and return which batch norm reads which convolution, and the output."""
    # with the number of in-place changes, as an activation in between may be one
    convs: dict[nn.Module, list[tuple[Tensor, int]]] = {}
    norms: dict[nn.Module, list[tuple[Tensor, int]]] = {}
    kept: list[object] = []

    def after_conv(module: nn.Module, _inputs: tuple, output: Tensor) -> None:
        convs[module].append((output, output._version))

    def before_norm(module: nn.Module, inputs: tuple) -> None:
        norms.setdefault(module, []).append((inputs[0], inputs[0]._version))

    def after_kept(_module: nn.Module, _inputs: tuple, output: object) -> None:
        kept.extend(output if isinstance(output, (tuple, list)) else [output])

    places = {}
    handles = [module.register_forward_hook(after_kept) for module in keep]
    for parent in model.modules():
        for name, module in parent.named_children():
            if isinstance(module, _BatchNorm) and module.running_mean is not None:
                # a module in two places has two parents: not folded
                places.setdefault(module, []).append((parent, name))
            elif _is_plain(module) and module not in convs:
                convs[module] = []
                handles.append(module.register_forward_hook(after_conv))
    handles += [module.register_forward_pre_hook(before_norm) for module in places]
    try:
        output = model(images)
    finally:
        for handle in handles:
            handle.remove()
    protected = {id(tensor) for tensor in kept}
    # the tensors are alive, so their ids are unique
    by_output = {
        (id(runs[0][0]), runs[0][1]): conv
        for conv, runs in convs.items()
        if len(runs) == 1 and id(runs[0][0]) not in protected
    }
    pairs = []
    for norm, runs in norms.items():
        conv = by_output.get((id(runs[0][0]), runs[0][1]))
        if conv is not None and len(runs) == 1 and len(places[norm]) == 1:
            pairs.append(_Pair(conv, *places[norm][0], norm))
    # two batch norms of one convolution cannot both be part of it
    readers = [pair.conv for pair in pairs]
    return [pair for pair in pairs if readers.count(pair.conv) == 1], output


def _is_plain(module: nn.Module) -> bool:
    """Whether it convolves with its weights as they are (no weight standardisation or the like)."""
    return (
        isinstance(module, nn.Conv2d)
        and type(module)._conv_forward is nn.Conv2d._conv_forward
        and not hasattr(module, 'parametrizations')
    )


def _fold(pair: _Pair) -> None:
    conv, norm = pair.conv, pair.norm
    weight, bias = fuse_conv_bn_weights(
        conv.weight,
        conv.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    conv.weight = nn.Parameter(weight.detach(), requires_grad=False)
    conv.bias = nn.Parameter(bias.detach(), requires_grad=False)
    setattr(pair.parent, pair.name, nn.Identity().train(norm.training))
