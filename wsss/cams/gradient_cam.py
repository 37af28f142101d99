# SPDX-License-Identifier: Apache-2.0
"""The base of the maps that are made from gradients."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import ConfigError
from .base import BaseCAM
from .linear import rank_in_image, take_images
from .observation import Observation, full_precision


class GradientCAM(BaseCAM):
    """Maps from activations and the gradient of a class's logit: override :meth:`weigh`.

    Where the logits are average pooling and a linear layer on the activations, the gradient is
    known without a backward pass (the class's weight divided by the number of cells) and is
    filled in. Elsewhere one backward pass serves all images: the n-th class of each image is taken
    together, as images do not interact in evaluation mode.

    Args:
        layer: As in :class:`BaseCAM`.
        norm: As in :class:`BaseCAM`; not those of logits.
        eps: As in :class:`BaseCAM`; tiny, because gradients have no natural scale.
        force_gradient: True always does the backward pass, to check the short cut.
        max_maps: How many maps are weighed at once where no backward pass is needed; bounds the
            memory.
        quantile: As in :class:`BaseCAM`.
        merge: As in :class:`BaseCAM`.
        layout: As in :class:`BaseCAM`.
        patch_size: As in :class:`BaseCAM`.

    Example:
        >>> class LogitGradient(GradientCAM):
        ...     def weigh(self, activations, gradients):
        ...         return (activations * gradients).sum(dim=1)
    """

    def __init__(
        self,
        layer: str | Sequence[str] | None = None,
        norm: str = 'max',
        eps: float = 1e-12,
        force_gradient: bool = False,
        max_maps: int = 32,
        quantile: float = 0.995,
        merge: str = 'mean',
        layout: str = 'auto',
        patch_size: int | None = None,
    ):
        super().__init__(layer, norm, eps, quantile, merge, layout, patch_size)
        if max_maps < 1:
            raise ConfigError(f'cam.max_maps must be at least 1, got {max_maps}.')
        self.force_gradient = force_gradient
        self.max_maps = max_maps

    @abstractmethod
    def weigh(self, activations: Tensor, gradients: Tensor) -> Tensor:
        """Return maps from activations and gradients; called without gradients enabled.

        Args:
            activations: float ``(M, C, h, w)``, one per map; must not be changed.
            gradients: float ``(M, C, h, w)``, of the class's logit with respect to them; must not
                be changed.

        Returns:
            float ``(M, h, w)``; negative values are cut by the caller.
        """

    def explain(self, observation: Observation, rows: Tensor, classes: Tensor) -> Tensor:
        """Weigh known gradients where there is a short cut, else those of backward passes."""
        if observation.weight is not None and not self.force_gradient:
            return self.weigh_linear(observation.activations, observation.weight, rows, classes)
        return self._weigh_backward(observation, rows, classes)

    def weigh_linear(
        self, activations: Tensor, weight: Tensor, rows: Tensor, classes: Tensor
    ) -> Tensor:
        """Return maps where logits are average pooling and a linear layer on the activations.

        Right for any :meth:`weigh`; override it where a shorter formula exists.

        Args:
            activations: float ``(N, C, h, w)``.
            weight: ``(K, C)``.
            rows: int64 ``(M,)``, image of each map, on the CPU.
            classes: int64 ``(M,)``, class of each map, on the CPU.
        """
        area = activations.shape[2] * activations.shape[3]
        maps = []
        for part, ids in zip(rows.split(self.max_maps), classes.split(self.max_maps)):
            taken = take_images(activations, part)
            gradients = (weight[ids.to(weight.device)] / area)[:, :, None, None]
            maps.append(self.weigh(taken, gradients.expand_as(taken)))
        return torch.cat(maps)

    def _weigh_backward(self, observation: Observation, rows: Tensor, classes: Tensor) -> Tensor:
        if not observation.logits.requires_grad:
            raise ConfigError(
                f'cam.layer={observation.path!r}: the logits do not depend on it with gradients '
                '(the classifier switches them off after it). Name a later layer.'
            )
        order = rank_in_image(rows)
        last = int(order.max())
        maps = observation.activations.new_empty(len(rows), *observation.activations.shape[2:])
        for rank in range(last + 1):
            chosen = (order == rank).nonzero().flatten()
            images = rows[chosen]
            with torch.enable_grad():
                score = observation.logits[images.tolist(), classes[chosen].tolist()].sum()
            (gradient,) = torch.autograd.grad(
                score,
                observation.features,
                retain_graph=rank < last or observation.keep_graph,
                allow_unused=True,
            )
            if gradient is None:
                raise ConfigError(
                    f'cam.layer={observation.path!r}: the logits do not depend on it. Name another.'
                )
            gradient = full_precision(self.reshape(gradient, observation.image_size))
            gradient = take_images(gradient, images)
            taken = take_images(observation.activations, images)
            maps[chosen.to(maps.device)] = self.weigh(taken, gradient).to(maps.dtype)
        return maps
