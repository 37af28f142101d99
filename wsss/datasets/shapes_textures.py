# SPDX-License-Identifier: Apache-2.0
"""Outlines and textures of the generated images, in integers only.

Everything is computed from integer coordinates in 1/64 pixel, so that the same numbers of the
random generator give the same pixels on every machine (sines of arrays differ in the last bit
between processors; one rounded cosine per object does not).
"""

from __future__ import annotations

import math

import cv2
import numpy as np

UNIT = 64
"""Parts of a pixel in which local coordinates are counted."""

COLOURS = np.array(
    [
        (200, 70, 60),
        (70, 130, 190),
        (90, 160, 80),
        (210, 170, 70),
        (150, 90, 170),
        (80, 170, 170),
        (225, 220, 205),
        (60, 55, 65),
    ],
    dtype=np.int64,
)
"""Base colours, shared by objects, distractors and backgrounds: colour does not tell the class."""


def local_grid(
    size: tuple[int, int], center: tuple[int, int], degrees: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of all pixels in a frame that is turned around ``center``.

    Args:
        size: ``(H, W)``.
        center: ``(y, x)`` in pixels.
        degrees: Angle.

    Returns:
        ``(Y, X)``, int64 ``(H, W)`` each, in 1/64 pixel.
    """
    cos = round(math.cos(math.radians(degrees)) * 4096)
    sin = round(math.sin(math.radians(degrees)) * 4096)
    y = (np.arange(size[0], dtype=np.int64) - center[0])[:, None] * UNIT
    x = (np.arange(size[1], dtype=np.int64) - center[1])[None, :] * UNIT
    return (y * cos - x * sin) >> 12, (y * sin + x * cos) >> 12


def outline(kind: str, y: np.ndarray, x: np.ndarray, radius: int) -> np.ndarray:
    """Return the pixels of an outline.

    Args:
        kind: ``disk``, ``square``, ``triangle``, ``ring``, ``cross``, or the distractors ``half``
            (half a disk) and ``bar``.
        y: Local coordinates of :func:`local_grid`.
        x: Likewise.
        radius: Of the circle around the outline, in pixels.

    Returns:
        bool ``(H, W)``.
    """
    r = radius * UNIT
    if kind in ('disk', 'ring', 'half'):
        squared = y * y + x * x
        inside = squared <= r * r
        if kind == 'ring':
            inside &= squared > (r * 7 // 16) ** 2
        elif kind == 'half':
            inside &= y >= 0
        return inside
    if kind == 'triangle':
        # three half planes at distance radius / 2; 887 / 1024 is half the root of 3
        half = r * 512
        slope = x * 887
        return (y * 1024 <= half) & (slope - y * 512 <= half) & (-slope - y * 512 <= half)
    y, x = np.abs(y), np.abs(x)
    if kind == 'square':
        return np.maximum(y, x) <= r * 3 // 4
    if kind == 'cross':
        return (np.minimum(y, x) <= r * 6 // 16) & (np.maximum(y, x) <= r * 15 // 16)
    if kind == 'bar':
        return (y <= r // 6) & (x <= r)
    raise ValueError(f'unknown outline {kind!r}')


def smooth_noise(rng: np.random.Generator, size: tuple[int, int], cell: int) -> np.ndarray:
    """Return smooth noise, uint8 ``(H, W)``: a coarse random grid, interpolated exactly."""
    shape = (size[0] // cell + 2, size[1] // cell + 2)
    grid = rng.integers(0, 256, shape, dtype=np.uint8)
    return cv2.resize(grid, (size[1], size[0]), interpolation=cv2.INTER_LINEAR_EXACT)


def texture(kind: str, y: np.ndarray, x: np.ndarray, period: int, rng) -> np.ndarray:
    """Return how much of the second colour each pixel has.

    Args:
        kind: ``plain``, ``gradient``, ``noise``, ``stripes``, ``checks``, ``dots``, ``bricks`` or
            ``dashes``.
        y: Local coordinates of :func:`local_grid`.
        x: Likewise.
        period: Of the pattern, in pixels.
        rng: Generator; only ``noise`` draws from it.

    Returns:
        int64 ``(H, W)`` in 0..255.
    """
    p = period * UNIT
    if kind == 'plain':
        return np.zeros(y.shape, dtype=np.int64)
    if kind == 'stripes':
        return (x // (p // 2) & 1) * 255
    if kind == 'checks':
        return ((x // (p // 2) + y // (p // 2)) & 1) * 255
    if kind == 'dots':
        dy, dx = y % p - p // 2, x % p - p // 2
        return (dy * dy + dx * dx < (p // 3) ** 2) * np.int64(255)
    if kind == 'bricks':
        # thin joints; every other row is shifted by half a brick
        row = y // (p // 2)
        joint = (y % (p // 2) < p // 6) | ((x + (row & 1) * (p // 2)) % p < p // 6)
        return joint * np.int64(255)
    if kind == 'dashes':
        return ((y % p < p // 3) & (x % (2 * p) < p)) * np.int64(255)
    if kind == 'gradient':
        return np.clip(128 + x * 128 // (4 * p), 0, 255)
    if kind == 'noise':
        return smooth_noise(rng, y.shape, max(period // 2, 2)).astype(np.int64)
    raise ValueError(f'unknown texture {kind!r}')


def random_colour(rng: np.random.Generator, unlike: np.ndarray | None = None) -> np.ndarray:
    """Return a base colour with jitter, int64 ``(3,)`` in 0..255.

    Args:
        rng: Generator.
        unlike: RGB ``(3,)`` from which the sum of the differences is at least 120.
    """
    colours = COLOURS
    if unlike is not None:
        colours = colours[np.abs(colours - unlike).sum(axis=1) >= 120]
    base = colours[rng.integers(len(colours))]
    return np.clip(base + rng.integers(-25, 26, 3), 0, 255)


def mix(weight: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return ``first`` where ``weight`` is 0 and ``second`` where it is 255.

    Args:
        weight: int ``(H, W)`` in 0..255.
        first: int ``(3,)``.
        second: int ``(3,)``.

    Returns:
        uint8 ``(H, W, 3)``.
    """
    table = first + (second - first) * np.arange(256)[:, None] // 255
    return table.astype(np.uint8)[weight]
