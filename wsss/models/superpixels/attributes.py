# SPDX-License-Identifier: Apache-2.0
"""What superpixels are trained to keep apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import ConfigError
from ...ops.confusion import IGNORE
from ...ops.lab import rgb_to_lab

SALIENT = 0.2
"""Saliency above this is salient."""


class Attribute(NamedTuple):
    """An attribute of all pixels of a batch.

    Args:
        values: float ``(N, C, H, W)``.
        shares: Whether they are shares of labels, of sum 1, or colours.
        known: float ``(N, 1, H, W)``, 0 where a pixel has none.
    """

    values: Tensor
    shares: bool
    known: Tensor


def stacked(samples: Sequence, field: str, size: tuple[int, int], value: float, how: str) -> Tensor:
    """Return a field of all samples, padded to one size and number of channels.

    Args:
        samples: Data samples with ``field``, ``data`` of which is ``(C, h, w)``.
        field: Its name.
        size: ``(H, W)`` of the batch; images lie at its upper left.
        value: Of the padding.
        how: What makes the field, for the message.

    Raises:
        ConfigError: If a sample has no such field.
    """
    missing = next((sample for sample in samples if field not in sample), None)
    if missing is not None:
        raise ConfigError(
            f'SuperpixelNet: image {missing.get("image_id")!r} has no {field}. {how}, and '
            'wsss.PackRegions at the end of the pipeline.'
        )
    fields = [sample.get(field).data for sample in samples]
    channels = max(len(data) for data in fields)
    return torch.stack(
        [
            F.pad(
                data,
                (0, size[1] - data.shape[2], 0, size[0] - data.shape[1], 0, channels - len(data)),
                value=value,
            )
            for data in fields
        ]
    )


def class_maps(samples: Sequence, size: tuple[int, int]) -> Tensor:
    """Return the class maps of all images, float ``(N, K, H, W)``; missing classes are 0."""
    how = 'Put wsss.LoadScores and wsss.MapsAsFields before the crop'
    return stacked(samples, 'class_maps', size, 0, how)


def of_saliency(images: Tensor, samples: Sequence, valid: Tensor) -> Attribute:
    """Return shares of what is salient and what is not."""
    how = 'Put wsss.LoadSaliency and wsss.MapsAsFields before the crop'
    salient = (stacked(samples, 'saliency', images.shape[2:], 0, how) > SALIENT).float()
    return Attribute(torch.cat([1 - salient, salient], 1), True, valid)


def of_rgb(images: Tensor, samples: Sequence, valid: Tensor) -> Attribute:
    """Return colours in [0, 1]."""
    return Attribute(images / 255, False, valid)


def of_lab(images: Tensor, samples: Sequence, valid: Tensor) -> Attribute:
    """Return L in [0, 1], and a and b on the same scale."""
    return Attribute(rgb_to_lab((images / 255).clamp(0, 1)) / 100, False, valid)


def of_onehot(images: Tensor, samples: Sequence, valid: Tensor) -> Attribute:
    """Return the labels of a label map; 255 has none."""
    how = 'Put wsss.LoadRegions or wsss.LoadMask before the crop'
    labels = stacked(samples, 'gt_sem_seg', images.shape[2:], IGNORE, how)[:, 0].long()
    known = labels != IGNORE
    labels = labels * known
    shares = F.one_hot(labels, int(labels.max()) + 1).permute(0, 3, 1, 2).to(images)
    return Attribute(shares, True, known[:, None].to(images))


def of_cam(images: Tensor, samples: Sequence, valid: Tensor) -> Attribute:
    """Return shares of classes and of what the best of them leaves to background."""
    maps = class_maps(samples, images.shape[2:])
    background = 1 - F.pad(maps, (0, 0, 0, 0, 0, 1)).amax(1, keepdim=True)
    planes = torch.cat([background, maps], 1)
    return Attribute(planes / planes.sum(1, keepdim=True), True, valid)


ATTRIBUTES: dict[str, Callable[[Tensor, Sequence, Tensor], Attribute]] = dict(
    saliency=of_saliency, rgb=of_rgb, lab=of_lab, onehot=of_onehot, cam=of_cam
)
"""Name -> ``(images float (N, 3, H, W) in 0..255, samples, valid) -> Attribute``."""
