# SPDX-License-Identifier: Apache-2.0
"""Bring what a layer gives (maps, channels-last maps, tokens) to feature maps ``(N, C, h, w)``."""

from __future__ import annotations

from torch import Tensor

from ..errors import ConfigError, near_matches

LAYOUTS = ('auto', 'channels_first', 'channels_last')
# class, distillation and register tokens
MAX_EXTRA_TOKENS = 8


def check_layout(layout: str, where: str) -> str:
    """Return ``layout`` if :func:`to_feature_maps` knows it.

    Raises:
        ConfigError: For another one.
    """
    if layout not in LAYOUTS:
        raise ConfigError(
            f'{where}: unknown layout {layout!r}.{near_matches(str(layout), LAYOUTS)} '
            f'Allowed: {", ".join(LAYOUTS)}.'
        )
    return layout


def token_grid(
    count: int, size: tuple[int, int], patch_size: int | None = None
) -> tuple[int, int] | None:
    """Return the grid ``(h, w)`` that ``count`` tokens of an image form, or None.

    Tokens may be more than the grid has cells, by at most 8 (class and register tokens). Among the
    grids of all patch sizes, rounded down or up at the border, those that fit the image exactly
    come first, then those with the fewest tokens over, then the nearest to the image's shape.

    Args:
        count: Tokens of one image.
        size: ``(H, W)`` of the image in pixels.
        patch_size: Pixels of one token in each direction; None tries all.

    Example:
        >>> token_grid(197, (224, 224)), token_grid(25, (64, 96))
        ((14, 14), (4, 6))
    """
    height, width = size
    best = None
    for patch in range(1, max(size) + 1) if patch_size is None else (patch_size,):
        exact = height % patch == 0 and width % patch == 0
        for rows, columns in (
            (height // patch, width // patch),
            (-(-height // patch), -(-width // patch)),
        ):
            extra = count - rows * columns
            if rows and columns and 0 <= extra <= MAX_EXTRA_TOKENS:
                key = (not exact, extra, abs(rows * width - columns * height))
                if best is None or key < best[0]:
                    best = (key, (rows, columns))
    return None if best is None else best[1]


def to_feature_maps(
    features: Tensor,
    size: tuple[int, int],
    layout: str = 'auto',
    patch_size: int | None = None,
    where: str = 'the layer',
) -> Tensor:
    """Rearrange ``features`` to ``(N, C, h, w)``; extra tokens in front are dropped.

    Convolutional layers give ``(N, C, h, w)``, most layers of vision transformers tokens
    ``(N, L, C)``, those of torchvision's Swin ``(N, h, w, C)``. Which of the two four-dimensional
    layouts it is shows in the shape of the image, since a map has about its ratio of sides; in
    doubt it is the first. Applies to gradients as well: no value is changed.

    Args:
        features: float ``(N, C, h, w)``, ``(N, h, w, C)``, ``(N, L, C)`` or, with
            ``channels_first``, ``(N, C, L)``.
        size: ``(H, W)`` of the image in pixels.
        layout: ``auto``, ``channels_first`` or ``channels_last``.
        patch_size: Pixels of one token in each direction; None finds it from the number of tokens.
        where: The config key that named the layer, for the message.

    Raises:
        ConfigError: If the shape is none of these or no grid fits the number of tokens.

    Example:
        >>> import torch
        >>> to_feature_maps(torch.zeros(2, 197, 768), (224, 224)).shape
        torch.Size([2, 768, 14, 14])
    """
    check_layout(layout, 'layout')
    if features.ndim == 4:
        if layout == 'auto':
            _, first, second, third = features.shape
            last = _has_shape_of(first, second, size) and not _has_shape_of(second, third, size)
            layout = 'channels_last' if last else 'channels_first'
        return features.permute(0, 3, 1, 2) if layout == 'channels_last' else features
    if features.ndim != 3:
        raise ConfigError(
            f'{where} gives a tensor {tuple(features.shape)}; needed are feature maps (N, C, h, w) '
            'or tokens (N, L, C). Name another layer.'
        )
    tokens = features.transpose(1, 2) if layout == 'channels_first' else features
    count = tokens.shape[1]
    grid = token_grid(count, size, patch_size)
    if grid is None:
        patches = 'any size' if patch_size is None else f'{patch_size} px'
        raise ConfigError(
            f'{where} gives a tensor {tuple(features.shape)}: {count} tokens are no grid of '
            f'patches of {patches} in an image of {size[0]} x {size[1]} px (and at most '
            f'{MAX_EXTRA_TOKENS} extra tokens). Name another layer, set cam.patch_size, or '
            'override reshape().'
        )
    return tokens[:, count - grid[0] * grid[1] :].transpose(1, 2).unflatten(2, grid)


def _has_shape_of(rows: int, columns: int, size: tuple[int, int]) -> bool:
    """Whether some stride brings ``size`` to ``rows x columns``, up to a row or column."""
    low = max(size[0] / (rows + 1), size[1] / (columns + 1))
    high = min(size[0] / max(rows - 1, 0.5), size[1] / max(columns - 1, 0.5))
    return low < high
