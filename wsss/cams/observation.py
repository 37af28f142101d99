# SPDX-License-Identifier: Apache-2.0
"""What one forward pass tells a class activation map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..errors import CheckpointError, ConfigError
from ..ops.modes import evaluating


@dataclass
class Observation:
    """Activations and logits of a batch, and how the first lead to the second.

    Args:
        features: The layer's output as it is: a leaf that ``logits`` depend on.
        activations: The same as feature maps ``(N, C, h, w)``, float32 or float64, detached.
        logits: ``(N, K)``, with the graph from ``features`` on.
        weight: ``(K, C)`` if the logits are global average pooling and a linear layer on
            ``activations``, else None.
    """

    features: Tensor
    activations: Tensor
    logits: Tensor
    weight: Tensor | None


@contextmanager
def observe(
    classifier: nn.Module,
    images: Tensor,
    layer: nn.Module,
    reshape: Callable[[Tensor], Tensor],
) -> Iterator[Observation]:
    """Run the classifier once and watch ``layer``; nothing stays behind.

    Up to the layer no graph is kept. Its output is cut off there and made a leaf; what follows
    gets a copy, so in-place operations after the layer do not change it. Gradients are left to
    ``torch.autograd.grad``, which does not touch ``.grad`` of parameters. Works inside
    ``torch.no_grad``, and ``classifier`` may be in training mode (it is run in evaluation mode).

    Args:
        classifier: ``images -> logits (N, K)``.
        images: Normalised images ``(N, 3, H, W)``.
        layer: A part of the classifier whose output, or the last of whose outputs, is watched.
        reshape: Turns the layer's output, and its gradient, into ``(N, C, h, w)``.

    Raises:
        ConfigError: If the layer is not run or its output is not a tensor.
        CheckpointError: If the logits are not finite.
    """
    seen: list[Tensor] = []

    def cut(_module: nn.Module, _inputs: tuple, output: Tensor | tuple | list) -> object:
        last = output[-1] if isinstance(output, (tuple, list)) else output
        if not isinstance(last, Tensor) or not last.is_floating_point():
            raise ConfigError(
                f'cam.layer: {type(layer).__name__} gives {type(last).__name__}, maps need a '
                'float tensor. Name another layer.'
            )
        torch.set_grad_enabled(True)
        leaf = last.detach().requires_grad_()
        seen[:] = [leaf]
        passed_on = leaf.clone()
        if isinstance(output, (tuple, list)):
            return type(output)([*output[:-1], passed_on])
        return passed_on

    with torch.inference_mode(False), torch.no_grad(), evaluating(classifier):
        handle = layer.register_forward_hook(cut)
        try:
            logits = classifier(images.clone() if images.is_inference() else images)
        finally:
            handle.remove()
            torch.set_grad_enabled(False)
        if not seen:
            raise ConfigError(
                f'cam.layer: {type(layer).__name__} is not run when {type(classifier).__name__} '
                'classifies. Name a layer that is.'
            )
        if not isinstance(logits, Tensor) or logits.ndim != 2:
            raise ConfigError(
                f'{type(classifier).__name__} must return logits (N, K), got '
                f'{tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__}.'
            )
        with torch.autocast(images.device.type, enabled=False):
            activations = full_precision(reshape(seen[0].detach()))
            weight = pooled_linear_weight(classifier, seen[0], activations, logits, reshape)
            yield Observation(seen[0], activations, logits, weight)


def full_precision(x: Tensor) -> Tensor:
    """Return float32 for half types (powers of small gradients underflow), else ``x``."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def pooled_linear_weight(
    classifier: nn.Module,
    features: Tensor,
    activations: Tensor,
    logits: Tensor,
    reshape: Callable[[Tensor], Tensor],
) -> Tensor | None:
    """Return the weights of the last linear layer if it directly follows average pooling.

    It is not guessed from names: the last ``Linear`` or 1x1 convolution is taken, and the logits
    it gives for the mean of ``activations`` are compared with the classifier's own. That holds
    for pooling before and after the linear layer, whatever modules or functions do it. Where the
    activations are too weak to show in the logits (an untrained network), gradients decide.

    Args:
        classifier: Its head, if it has one, else the whole is searched.
        features: The leaf that the logits depend on.
        activations: The same as ``(N, C, h, w)``.
        logits: ``(N, K)``.
        reshape: Turns a gradient of ``features`` into one of ``activations``.

    Returns:
        ``(K, C)`` in the type of ``activations``, or None.

    Raises:
        CheckpointError: If the logits are not finite.
    """
    values = logits.detach()
    if not bool(torch.isfinite(values).all()):
        raise CheckpointError(
            f'{type(classifier).__name__} gives logits that are not finite: its weights hold NaN '
            'or infinity, or the images are not normalised. Check the checkpoint (load_from).'
        )
    linear = _last_linear(classifier)
    if linear is None:
        return None
    weight = linear.weight.detach().flatten(1).to(activations.dtype)
    if weight.shape != (logits.shape[1], activations.shape[1]):
        return None
    given = values.to(activations.dtype)
    rounding = 4 * torch.finfo(values.dtype).eps * given.abs().max()
    if linear.bias is not None:
        given = given - linear.bias.detach().to(activations.dtype)
    error = (activations.mean(dim=(2, 3)) @ weight.T - given).abs().max()
    tolerance = 5e-3 if values.dtype in (torch.float32, torch.float64) else 5e-2
    error, signal, rounding = torch.stack([error, given.abs().max(), rounding]).tolist()
    if error > tolerance * signal + rounding:
        return None
    if rounding > tolerance * signal and logits.requires_grad:
        mix = torch.randn(logits.shape[1], generator=torch.Generator().manual_seed(0)).to(weight)
        with torch.enable_grad():
            score = (logits * mix.to(logits.dtype)).sum()
        (found,) = torch.autograd.grad(score, features, retain_graph=True, allow_unused=True)
        if found is None:
            return None
        found = full_precision(reshape(found))
        known = (mix @ weight)[:, None, None] / (found.shape[2] * found.shape[3])
        if bool((found - known).abs().max() > tolerance * known.abs().max()):
            return None
    return weight


def _last_linear(classifier: nn.Module) -> nn.Linear | nn.Conv2d | None:
    head = getattr(classifier, 'head', None)
    last = None
    for module in (head if isinstance(head, nn.Module) else classifier).modules():
        pointwise = (
            isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1) and module.groups == 1
        )
        if isinstance(module, nn.Linear) or pointwise:
            last = module
    return last
