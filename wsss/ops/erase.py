# SPDX-License-Identifier: Apache-2.0
"""Erase a region of an image, and join the maps from before and after."""

from __future__ import annotations

import torch
from torch import Tensor

from ..checks import check_choice

FILLINGS = ('blur', 'mean', 'zero', 'noise')
JOINS = ('max', 'where', 'sum_clip')


def gaussian_blur(images: Tensor, sigma_px: float) -> Tensor:
    """Blur images; beyond the border nothing counts, the weights inside sum to 1.

    Two matrix products of size H x H and W x W: for the wide kernels that erase texture they are
    faster than convolutions, and the time does not depend on the width.

    Args:
        images: float ``(..., H, W)``.
        sigma_px: Standard deviation in pixels, above 0.

    Returns:
        The same shape.

    Example:
        >>> image = torch.tensor([[0.0, 0.0, 4.0, 0.0, 0.0]])
        >>> [round(x, 2) for x in gaussian_blur(image, 1.0)[0].tolist()]
        [0.31, 0.98, 1.61, 0.98, 0.31]
    """
    rows, columns = (_weights(images, size, sigma_px) for size in images.shape[-2:])
    return rows @ images @ columns.T


def _weights(like: Tensor, size: int, sigma_px: float) -> Tensor:
    """Return ``(size, size)``: how much each place (column) counts for each place (row)."""
    place = torch.arange(size, device=like.device, dtype=like.dtype)
    weights = torch.exp(-((place[:, None] - place) ** 2) / (2 * sigma_px**2))
    return weights / weights.sum(dim=1, keepdim=True)


def fill_images(images: Tensor, how: str, sigma_px: float = 20.0) -> Tensor:
    """Return what erased pixels are replaced with.

    Args:
        images: float ``(N, C, H, W)``.
        how: ``blur``: the image blurred by a Gaussian, which must be wide to remove texture;
            ``mean``: its mean colour; ``zero``: 0, the mean colour of the data set where images are
            normalised by it; ``noise``: normal noise with the mean and deviation of its channels,
            the same pattern for every image.
        sigma_px: Of ``blur``, in pixels.

    Returns:
        The same shape.

    Raises:
        ConfigError: For another ``how``.
    """
    check_choice(how, 'erase', FILLINGS)
    if how == 'blur':
        return gaussian_blur(images, sigma_px)
    if how == 'zero':
        return torch.zeros_like(images)
    mean = images.mean(dim=(2, 3), keepdim=True).expand_as(images)
    if how == 'mean':
        return mean
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(images.shape[1:], generator=generator).to(images)
    return mean + noise * images.std(dim=(2, 3), correction=0, keepdim=True)


def erase(images: Tensor, filling: Tensor, region: Tensor) -> Tensor:
    """Return images with ``filling`` inside of ``region``; outside they are the same bit for bit.

    Args:
        images: float ``(M, C, H, W)``.
        filling: The same shape.
        region: bool ``(M, H, W)``.
    """
    return torch.where(region[:, None], filling, images)


def is_found(maps: Tensor, erased: Tensor, rows: Tensor, theta: float) -> Tensor:
    """Return where a map of the erased image counts: surely seen, and not what was erased.

    Args:
        maps: float ``(M, h, w)`` in [0, 1], of the erased images.
        erased: bool ``(M, h, w)``.
        rows: int64 ``(M,)``, image of each map.
        theta: What the highest of the maps of an image must exceed, in [0, 1].

    Returns:
        bool ``(M, h, w)``.

    Example:
        >>> maps = torch.tensor([[[0.9, 0.9, 0.1]], [[0.2, 0.0, 0.3]]])
        >>> erased = torch.tensor([[[True, False, False]], [[False, False, False]]])
        >>> is_found(maps, erased, torch.tensor([0, 0]), 0.8).tolist()
        [[[False, True, False]], [[True, True, False]]]
    """
    if len(maps) == 0:
        return erased
    best = maps.new_zeros(int(rows.max()) + 1, *maps.shape[1:])
    best.scatter_reduce_(0, rows[:, None, None].expand_as(maps), maps, 'amax')
    return (best[rows] > theta) & ~erased


def join_maps(
    before: Tensor, after: Tensor, found: Tensor | None = None, how: str = 'max'
) -> Tensor:
    """Join the maps of an image and of the same image with regions erased.

    Args:
        before: float ``(..., h, w)`` in [0, 1].
        after: The same of the erased image.
        found: bool, where ``after`` counts (:func:`is_found`); None means everywhere.
        how: ``max``: the higher of both; ``where``: ``after`` in place of ``before``;
            ``sum_clip``: the sum, at most 1. Where ``after`` does not count, ``before``.

    Returns:
        The same shape, in [0, 1].

    Raises:
        ConfigError: For another ``how``.

    Example:
        >>> before, after = torch.tensor([[0.6, 0.2]]), torch.tensor([[0.5, 0.9]])
        >>> join_maps(before, after)
        tensor([[0.6000, 0.9000]])
    """
    check_choice(how, 'combine', JOINS)
    if how == 'max':
        after = torch.maximum(before, after)
    elif how == 'sum_clip':
        after = (before + after).clamp(max=1)
    return after if found is None else torch.where(found, after, before)
