# SPDX-License-Identifier: Apache-2.0
"""The base of all class activation maps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..errors import ConfigError, DataError
from ..ops.normalize import check_normalization, normalize_maps
from ..structures import ScoreMaps
from .layers import find_layer
from .observation import Observation, observe


class BaseCAM(ABC):
    """Maps of the regions that speak for a class, for a batch of images and their classes.

    A subclass says in :meth:`explain` how maps follow from what one forward pass shows; running
    the classifier, cutting at the layer, ReLU and normalisation are done here.

    Args:
        layer: Dotted path of the layer whose output is explained, such as ``backbone.layer4`` or
            ``backbone.layer4.-1``. None means the last feature map of the backbone.
        norm: How a map is brought to [0, 1]: ``max``, ``minmax`` or ``none``.
        eps: Added to the denominator of ``norm``.

    Raises:
        ConfigError: If an argument is not usable.
    """

    def __init__(self, layer: str | None = None, norm: str = 'max', eps: float = 1e-5):
        if layer is not None and not isinstance(layer, str):
            raise ConfigError(
                f'cam.layer must be a dotted path such as "backbone.layer4", got {layer!r}.'
            )
        if not eps >= 0:
            raise ConfigError(f'cam.eps must be at least 0, got {eps}.')
        self.layer = layer
        self.norm = check_normalization(norm, 'cam.norm')
        self.eps = eps

    @abstractmethod
    def explain(self, observation: Observation, rows: Tensor, classes: Tensor) -> Tensor:
        """Return one map per pair of image and class.

        Args:
            observation: What the forward pass showed. Called without gradients enabled.
            rows: int64 ``(M,)``, ascending, which image of the batch.
            classes: int64 ``(M,)``, which class.

        Returns:
            float ``(M, h, w)``; negative values are cut by the caller.
        """

    def reshape(self, features: Tensor) -> Tensor:
        """Turn the layer's output into feature maps ``(N, C, h, w)``.

        Override it for layers that give tokens. It is applied to gradients too, so it may only
        rearrange and drop values.
        """
        if features.ndim != 4:
            raise ConfigError(
                f'cam.layer={self.layer!r} gives a tensor {tuple(features.shape)}; '
                f'{type(self).__name__} needs feature maps (N, C, h, w). Name another layer, or '
                'override reshape().'
            )
        return features

    def normalize(self, maps: Tensor) -> Tensor:
        """Normalise maps ``(..., h, w)`` one by one; a blank map stays blank."""
        return normalize_maps(maps, self.norm, self.eps)

    def raw_maps(
        self, classifier: nn.Module, images: Tensor, classes: Sequence[Tensor]
    ) -> list[Tensor]:
        """Return maps after ReLU, not normalised, of all given classes in one pass.

        Args:
            classifier: ``images -> logits (N, K)``: an mmpretrain classifier, or any module.
            images: Normalised images ``(N, 3, H, W)``.
            classes: For each image int64 ``(K',)``, the 0-based ids to explain; may be empty.

        Returns:
            For each image float ``(K', h, w)`` on the device of the images, in the given order.

        Raises:
            ConfigError: If the layer does not exist or does not fit.
            DataError: If a class id is out of range.
        """
        if images.ndim != 4 or len(images) != len(classes):
            raise ValueError(
                f'images must be (N, 3, H, W) with one tensor of classes each, got '
                f'{tuple(images.shape)} and {len(classes)} tensors'
            )
        counts = [len(ids) for ids in classes]
        layer = find_layer(classifier, self.layer)
        with observe(classifier, images, layer, self.reshape) as observation:
            num_classes = observation.logits.shape[1]
            wanted = torch.tensor([int(i) for ids in classes for i in ids], dtype=torch.int64)
            if len(wanted) and not 0 <= int(wanted.min()) <= int(wanted.max()) < num_classes:
                raise DataError(
                    f'class ids {sorted(set(wanted.tolist()))} to explain are outside 0..'
                    f'{num_classes - 1}, the outputs of {type(classifier).__name__}. Check '
                    'num_classes of its head against the data set.'
                )
            if len(wanted) == 0:
                maps = observation.activations.new_zeros(0, *observation.activations.shape[2:])
            else:
                rows = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
                maps = self.explain(observation, rows, wanted).relu()
        return list(maps.split(counts))

    def __call__(
        self, classifier: nn.Module, images: Tensor, classes: Sequence[Tensor]
    ) -> list[ScoreMaps]:
        """Return normalised maps of one view of each image.

        Args:
            classifier: As in :meth:`raw_maps`.
            images: As in :meth:`raw_maps`.
            classes: As in :meth:`raw_maps`, strictly increasing.

        Returns:
            For each image its maps, in [0, 1] unless ``norm`` is ``none``, with the size of
            ``images``.
        """
        raw = self.raw_maps(classifier, images, classes)
        size = tuple(images.shape[2:])
        return [
            ScoreMaps(torch.as_tensor(ids).to(maps.device), self.normalize(maps), size)
            for ids, maps in zip(classes, raw)
        ]
