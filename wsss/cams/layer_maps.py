# SPDX-License-Identifier: Apache-2.0
"""Maps that a network makes by itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..checks import check_integer
from ..errors import ConfigError
from ..registry import CAMS
from .base import BaseCAM
from .observation import Observation


@CAMS.register_module()
class LayerMaps(BaseCAM):
    """The channels of a layer as the maps of the classes.

    For networks with a layer whose output is a map for each class: a classifier that convolves
    before it averages, :class:`wsss.models.SPCAMClassifier`.

    Args:
        layer: As in :class:`BaseCAM`: the layer that gives the maps.
        first: Channel of the first class; 1 where the background comes first.
        **kwargs: As in :class:`BaseCAM`.

    Raises:
        ConfigError: If an argument is not usable.

    Example:
        >>> from torch import nn
        >>> network = nn.Sequential(nn.Conv2d(3, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        >>> maps = LayerMaps(layer='0')(network, torch.rand(1, 3, 8, 8), [torch.tensor([1, 4])])
        >>> maps[0].scores.shape
        torch.Size([2, 6, 6])
    """

    gives_logits = True
    gives_shares = True

    def __init__(self, *args: Any, first: int = 0, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.first = check_integer(first, 'cam.first', 0)

    def explain(self, observation: Observation, rows: Tensor, classes: Tensor) -> Tensor:
        """Return the channel of the class for each pair of image and class.

        Raises:
            ConfigError: If the layer has too few channels.
        """
        maps, count = observation.activations, observation.logits.shape[1]
        if maps.shape[1] < self.first + count:
            raise ConfigError(
                f'cam.layer={observation.path!r} has {maps.shape[1]} channels, which are no maps '
                f'of {count} classes from channel {self.first} on. Name the layer that gives a map '
                'for each class.'
            )
        channels = torch.as_tensor(classes) + self.first
        return maps[rows.to(maps.device), channels.to(maps.device)]
