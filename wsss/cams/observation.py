# SPDX-License-Identifier: Apache-2.0
"""What one forward pass tells a class activation map."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite

import torch
from torch import Tensor, nn

from ..errors import CheckpointError, ConfigError
from ..ops.modes import evaluating

# outputs of a classifier that are compared with those of a linear layer
MAX_COMPARED = 64


@dataclass
class Observation:
    """Activations and logits of a batch, and how the first lead to the second.

    Args:
        classifier: What was run.
        path: Of the layer.
        features: The layer's output as it is, which ``logits`` depend on.
        activations: The same as feature maps ``(N, C, h, w)``, float32 or float64, detached.
        logits: ``(N, K)``, with the graph from ``features`` on.
        weight: ``(K, C)`` if the logits are global average pooling and a linear layer on
            ``activations``, else None.
        bias: ``(K,)``, of that linear layer; 0 if it has none, None if there is no such layer.
        image_size: ``(H, W)`` of the batch in pixels.
        keep_graph: Whether another layer still needs the graph.
    """

    classifier: nn.Module
    path: str
    features: Tensor
    activations: Tensor
    logits: Tensor
    weight: Tensor | None
    bias: Tensor | None
    image_size: tuple[int, int]
    keep_graph: bool


@contextmanager
def observe(
    classifier: nn.Module,
    images: Tensor,
    layers: Mapping[str, nn.Module],
    reshape: Callable[[Tensor, tuple[int, int]], Tensor],
) -> Iterator[list[Observation]]:
    """Run the classifier once and watch ``layers``; nothing stays behind.

    Up to the first of them no graph is kept: its output is cut off there and made a leaf. What
    follows gets a copy, so in-place operations after a layer do not change it. Gradients are left
    to ``torch.autograd.grad``, which does not touch ``.grad`` of parameters. Works inside
    ``torch.no_grad``, and ``classifier`` may be in training mode (it is run in evaluation mode).

    Args:
        classifier: ``images -> logits (N, K)``.
        images: Normalised images ``(N, 3, H, W)``.
        layers: By path, parts of the classifier whose output, or the last of whose outputs, is
            watched.
        reshape: Turns a layer's output, and its gradient, into ``(N, C, h, w)``, given the size of
            the images.

    Yields:
        One observation for each layer.

    Raises:
        ConfigError: If a layer is not run or its output is not a tensor.
        CheckpointError: If the logits are not finite.
    """
    seen: dict[str, Tensor] = {}
    with torch.inference_mode(False), torch.no_grad(), evaluating(classifier):
        handles = [
            layer.register_forward_hook(partial(_cut, seen, path)) for path, layer in layers.items()
        ]
        try:
            logits = classifier(images.clone() if images.is_inference() else images)
        finally:
            for handle in handles:
                handle.remove()
            torch.set_grad_enabled(False)
        for path, layer in layers.items():
            if path not in seen:
                raise ConfigError(
                    f'cam.layer={path!r}: {type(layer).__name__} is not run when '
                    f'{type(classifier).__name__} classifies. Name a layer that is.'
                )
        if not isinstance(logits, Tensor) or logits.ndim != 2:
            raise ConfigError(
                f'{type(classifier).__name__} must return logits (N, K), got '
                f'{tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__}.'
            )
        check_finite(classifier, logits)
        with torch.autocast(images.device.type, enabled=False):
            size = tuple(images.shape[2:])
            observations = [
                _observation(classifier, path, features, logits, size, reshape)
                for path, features in seen.items()
            ]
            observations[-1].keep_graph = False
            yield observations


def _observation(
    classifier: nn.Module,
    path: str,
    features: Tensor,
    logits: Tensor,
    size: tuple[int, int],
    reshape: Callable[[Tensor, tuple[int, int]], Tensor],
) -> Observation:
    activations = full_precision(reshape(features.detach(), size))

    def maps(gradient: Tensor) -> Tensor:
        return reshape(gradient, size)

    weight, bias = pooled_linear(classifier, features, activations, logits, maps)
    return Observation(
        classifier, path, features, activations, logits, weight, bias, size, keep_graph=True
    )


def _cut(
    seen: dict[str, Tensor],
    path: str,
    layer: nn.Module,
    _inputs: tuple,
    output: Tensor | tuple | list,
) -> object:
    """Keep the layer's output as the leaf of the graph, or as a part of it, and pass on a copy."""
    last = output[-1] if isinstance(output, (tuple, list)) else output
    if not isinstance(last, Tensor) or not last.is_floating_point():
        raise ConfigError(
            f'cam.layer={path!r}: {type(layer).__name__} gives {type(last).__name__}, maps need a '
            'float tensor. Name another layer.'
        )
    torch.set_grad_enabled(True)
    # after an earlier layer the graph must go on to that one
    seen[path] = last if last.requires_grad else last.detach().requires_grad_()
    passed_on = seen[path].clone()
    if isinstance(output, (tuple, list)):
        return type(output)([*output[:-1], passed_on])
    return passed_on


def check_finite(classifier: nn.Module, logits: Tensor) -> None:
    """Refuse logits with NaN or infinity.

    Raises:
        CheckpointError: Saying where they may come from.
    """
    # the norm is NaN or infinite where one of them is
    if logits.numel() and not isfinite(torch.linalg.vector_norm(logits.detach(), inf).item()):
        raise CheckpointError(
            f'{type(classifier).__name__} gives logits that are not finite: its weights hold NaN '
            'or infinity, the images are not normalised, or float16 overflows. Check the '
            'checkpoint (load_from).'
        )


def full_precision(x: Tensor) -> Tensor:
    """Return float32 for half types (powers of small gradients underflow), else ``x``."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def pooled_linear(
    classifier: nn.Module,
    features: Tensor,
    activations: Tensor,
    logits: Tensor,
    reshape: Callable[[Tensor], Tensor],
) -> tuple[Tensor, Tensor] | tuple[None, None]:
    """Return weight and bias of the last linear layer if it directly follows average pooling.

    It is not guessed from names: the last ``Linear`` or 1x1 convolution is taken, and the logits
    it gives for the mean of ``activations`` are compared with the classifier's own. That holds
    for pooling before and after the linear layer, whatever modules or functions do it. Where the
    activations are too weak to show in the logits (an untrained network), gradients decide.

    Args:
        classifier: Its head, if it has one, else the whole is searched.
        features: What the logits depend on.
        activations: The same as ``(N, C, h, w)``.
        logits: ``(N, K)``.
        reshape: Turns a gradient of ``features`` into one of ``activations``.

    Returns:
        ``(K, C)`` and ``(K,)`` in the type of ``activations``, or twice None.
    """
    values = logits.detach()
    linear = _last_linear(classifier)
    if linear is None:
        return None, None
    weight = linear.weight.detach().flatten(1).to(activations.dtype)
    if weight.shape != (logits.shape[1], activations.shape[1]):
        return None, None
    bias = weight.new_zeros(len(weight)) if linear.bias is None else linear.bias.detach().to(weight)
    # some outputs show whether it is so; a thousand would cost as much as the layer itself
    some = slice(None, None, -(-len(weight) // MAX_COMPARED))
    given = values[:, some].to(activations.dtype)
    # columns: what must agree, how large it is, how large it is with the bias
    without = given - bias[some]
    differs = activations.mean(dim=(2, 3)) @ weight[some].T - without
    error, signal, total = torch.stack([differs, without, given]).abs().amax((1, 2)).tolist()
    rounding = 4 * torch.finfo(values.dtype).eps * total
    tolerance = 5e-3 if values.dtype in (torch.float32, torch.float64) else 5e-2
    if error > tolerance * signal + rounding:
        return None, None
    if rounding > tolerance * signal and logits.requires_grad:
        mix = torch.randn(logits.shape[1], generator=torch.Generator().manual_seed(0)).to(weight)
        with torch.enable_grad():
            score = (logits * mix.to(logits.dtype)).sum()
        (found,) = torch.autograd.grad(score, features, retain_graph=True, allow_unused=True)
        if found is None:
            return None, None
        found = full_precision(reshape(found))
        known = (mix @ weight)[:, None, None] / (found.shape[2] * found.shape[3])
        if bool((found - known).abs().max() > tolerance * known.abs().max()):
            return None, None
    return weight, bias


def _last_linear(classifier: nn.Module) -> nn.Linear | nn.Conv2d | None:
    head = getattr(classifier, 'head', None)
    return _last_of(head if isinstance(head, nn.Module) else classifier)


def _last_of(module: nn.Module) -> nn.Linear | nn.Conv2d | None:
    """Return the last linear layer or 1x1 convolution; the search starts at the end."""
    for part in reversed(module._modules.values()):
        found = None if part is None else _last_of(part)
        if found is not None:
            return found
    pointwise = (
        isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1) and module.groups == 1
    )
    return module if isinstance(module, nn.Linear) or pointwise else None
