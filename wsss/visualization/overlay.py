# SPDX-License-Identifier: Apache-2.0
"""Label maps and score maps as colours, alone or over their image. Plain NumPy, RGB, uint8."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from .palette import full_palette

VOID = 255
_STRIPE_PX = 8
_STRIPE_COLOUR = (96, 96, 96)

Palette = Sequence[Sequence[int]] | np.ndarray | None


def colourise(mask: np.ndarray, palette: Palette = None) -> np.ndarray:
    """Return the colours of a label map; void (255) is striped, so no class can look like it.

    Args:
        mask: uint8 ``(H, W)``.
        palette: RGB triples by label id; None or missing ids take the colours of PASCAL VOC.

    Returns:
        uint8 ``(H, W, 3)``, RGB.

    Raises:
        ValueError: If ``mask`` is not uint8 ``(H, W)``.
    """
    if mask.dtype != np.uint8 or mask.ndim != 2:
        raise ValueError(f'mask must be uint8 (H, W), got {mask.dtype} {mask.shape}')
    colours = full_palette(palette)[mask]
    rows, columns = np.nonzero(mask == VOID)
    striped = (rows + columns) % _STRIPE_PX < 2
    colours[rows[striped], columns[striped]] = _STRIPE_COLOUR
    return colours


def overlay_mask(
    image: np.ndarray, mask: np.ndarray, palette: Palette = None, alpha: float = 0.6
) -> np.ndarray:
    """Blend the colours of a label map into its image.

    Background gets half the share of the classes, so that it stays visible; void covers the image.

    Args:
        image: uint8 ``(H, W, 3)``, RGB.
        mask: uint8 ``(H, W)``.
        palette: RGB triples by label id.
        alpha: Share of the colour, 0..1.

    Returns:
        uint8 ``(H, W, 3)``, RGB.

    Raises:
        ValueError: If the shapes do not fit or ``alpha`` is outside 0..1.
    """
    _check_image(image, mask.shape, 'mask')
    _check_alpha(alpha)
    share = np.select([mask == VOID, mask == 0], [1.0, alpha / 2], alpha)[..., None]
    return _blend(image, colourise(mask, palette), share)


def overlay_scores(image: np.ndarray, score: np.ndarray, alpha: float = 0.65) -> np.ndarray:
    """Lay a score map over its image: dark violet is 0, light yellow is 1.

    The colours (inferno) grow evenly in lightness. The image is shown grey, so that its own colours
    cannot be mistaken for scores.

    Args:
        image: uint8 ``(H, W, 3)``, RGB.
        score: float ``(H, W)`` in [0, 1]; values outside are clipped, NaN counts as 0.
        alpha: Share of the colour, 0..1.

    Returns:
        uint8 ``(H, W, 3)``, RGB.

    Raises:
        ValueError: If the shapes do not fit or ``alpha`` is outside 0..1.
    """
    _check_image(image, score.shape, 'score')
    _check_alpha(alpha)
    level = np.nan_to_num(np.asarray(score, dtype=np.float32), nan=0.0, posinf=1.0, neginf=0.0)
    colours = score_colours()[np.rint(level.clip(0, 1) * 255).astype(np.uint8)]
    grey = np.repeat(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    return _blend(grey, colours, alpha)


@lru_cache(maxsize=1)
def score_colours() -> np.ndarray:
    """Return the table of score colours, uint8 ``(256, 3)`` RGB, by score x 255."""
    table = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)
    table = np.ascontiguousarray(table[:, 0, ::-1])
    table.flags.writeable = False
    return table


def _blend(under: np.ndarray, over: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    mixed = under.astype(np.float32) * (1 - share) + over.astype(np.float32) * share
    return np.rint(mixed).astype(np.uint8)


def _check_image(image: np.ndarray, shape: tuple[int, ...], what: str) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f'image must be uint8 (H, W, 3), got {image.dtype} {image.shape}')
    if tuple(shape) != image.shape[:2]:
        raise ValueError(f'{what} {tuple(shape)} must have the size of the image {image.shape[:2]}')


def _check_alpha(alpha: float) -> None:
    if not 0 <= alpha <= 1:
        raise ValueError(f'alpha must be in [0, 1], got {alpha}')
