# SPDX-License-Identifier: Apache-2.0
"""Render one image of the generated data set :class:`wsss.datasets.Shapes`.

What makes weak labels hard is drawn on purpose: several classes per image, objects that hide each
other, textures of which only a part is typical for a class, colours that say nothing, clutter that
looks like pieces of objects, and a background that mostly comes with one class (rails under the
square, water under the triangle), so that activation maps leak into it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .shapes_textures import local_grid, mix, outline, random_colour, smooth_noise, texture

VERSION = 1
"""Raise it whenever the pixels of any image change: it is part of the folder's name."""

SHAPES = ('disk', 'square', 'triangle', 'ring', 'cross')
TEXTURES = ('plain', 'gradient', 'noise', 'stripes', 'checks', 'dots', 'bricks', 'dashes')
GROUND_TEXTURES = TEXTURES[:4]
TYPICAL_TEXTURE = ('dots', 'checks', 'stripes', 'bricks', 'dashes')
"""The texture that an object of each class has more often than the others."""
CONTEXT = {1: 'rails', 2: 'water'}
"""Class id -> background that comes with it."""


@dataclass
class Scene:
    """One rendered image.

    Args:
        image: uint8 ``(H, W, 3)``, RGB.
        mask: uint8 ``(H, W)``: 0 background, 1..5 classes, 255 the border of objects.
        boxes: ``(x1, y1, x2, y2, class id)`` of the visible part of each object, exclusive ends.
    """

    image: np.ndarray
    mask: np.ndarray
    boxes: list[tuple[int, int, int, int, int]]

    @property
    def labels(self) -> list[int]:
        """Ids of the visible classes, 0-based."""
        return [int(v) - 1 for v in np.unique(self.mask) if 0 < v <= len(SHAPES)]


def paint(
    image: np.ndarray, inside: np.ndarray, y: np.ndarray, x: np.ndarray, kind: str, rng
) -> None:
    """Fill ``inside`` with a texture of two random colours, not lost on what is below."""
    below = image[inside].sum(axis=0, dtype=np.int64) // max(int(inside.sum()), 1)
    first = random_colour(rng, unlike=below)
    second = random_colour(rng, unlike=first)
    period = int(rng.integers(6, 10)) * max(min(image.shape[:2]) // 96, 1)
    colours = mix(texture(kind, y, x, period, rng), first, second)
    np.copyto(image, colours, where=inside[..., None])


def random_frame(rng, size: tuple[int, int], margin: int) -> tuple[tuple[int, int], int]:
    """Return a random ``((y, x), degrees)`` at least ``margin`` px from the edges."""
    center = tuple(int(rng.integers(margin, side - margin)) for side in size)
    return center, int(rng.integers(360))


def render_background(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Return textured regions with straight borders, uint8 ``(H, W, 3)``."""
    image = np.zeros((*size, 3), dtype=np.uint8)
    for region in range(int(rng.integers(2, 4))):
        center, degrees = random_frame(rng, size, 0)
        y, x = local_grid(size, center, degrees)
        inside = y >= 0 if region else np.ones(size, dtype=bool)
        paint(image, inside, y, x, GROUND_TEXTURES[rng.integers(len(GROUND_TEXTURES))], rng)
    # softer than the objects: half the contrast around the mean of the picture
    mean = image.reshape(-1, 3).mean(axis=0).astype(np.uint8)
    return (image // 2 + mean // 2).astype(np.uint8)


def render_context(
    image: np.ndarray, kind: str, center: tuple[int, int], radius: int, rng: np.random.Generator
) -> None:
    """Draw a patch of rails or water below ``center`` into ``image``."""
    below = (center[0] + radius * 3 // 4, center[1])
    y, x = local_grid(image.shape[:2], below, int(rng.integers(-12, 13)))
    unit = radius * 64 // 16
    patch = (np.abs(y) <= 6 * unit) & (np.abs(x) <= 26 * unit)
    if kind == 'rails':
        line = (np.abs(np.abs(y) - 3 * unit) <= unit) | (x % (6 * unit) < 2 * unit)
        dark, light = np.array((70, 60, 55)), np.array((175, 165, 150))
    else:
        line = ((y + np.abs(x % (8 * unit) - 4 * unit)) // (2 * unit)) & 1
        dark, light = np.array((60, 100, 140)), np.array((140, 180, 205))
    shift = rng.integers(-15, 16, 3)
    colours = mix(np.where(line, 0, 255), dark + shift, light + shift)
    np.copyto(image, colours, where=patch[..., None])


def render_distractors(image: np.ndarray, count: int, radius: int, rng) -> np.ndarray:
    """Draw pieces that belong to no class; return the pixels they cover, bool ``(H, W)``."""
    covered = np.zeros(image.shape[:2], dtype=bool)
    for _ in range(count):
        center, degrees = random_frame(rng, image.shape[:2], 0)
        y, x = local_grid(image.shape[:2], center, degrees)
        kind = ('half', 'bar')[rng.integers(2)]
        inside = outline(kind, y, x, int(rng.integers(radius // 2, radius + 1)))
        kind = GROUND_TEXTURES[rng.integers(len(GROUND_TEXTURES))]
        paint(image, inside, y, x, kind, rng)
        covered |= inside
    return covered


def place_objects(
    rng: np.random.Generator, size: tuple[int, int], max_objects: int
) -> list[tuple[int, tuple[int, int], int, int]]:
    """Choose ``(class id, (y, x), degrees, radius)`` so that no object hides much of another."""
    side = min(size)
    placed: list[tuple[int, tuple[int, int], int, int]] = []
    for _ in range(int(rng.integers(1, max_objects + 1))):
        class_id = int(rng.integers(len(SHAPES)))
        radius = int(rng.integers(side * 16 // 96, side * 26 // 96 + 1))
        for _ in range(8):
            center, degrees = random_frame(rng, size, radius * 3 // 4)
            apart = all(
                (center[0] - c[0]) ** 2 + (center[1] - c[1]) ** 2
                >= (max(r, radius) + min(r, radius) // 3) ** 2
                for _, c, _, r in placed
            )
            if apart:
                placed.append((class_id, center, degrees, radius))
                break
    return placed


def mark_borders(mask: np.ndarray, border_px: int) -> np.ndarray:
    """Return ``mask`` with 255 at pixels nearer than ``border_px`` to another label."""
    if border_px == 0:
        return mask
    kernel = np.ones((2 * border_px + 1,) * 2, dtype=np.uint8)
    result = mask.copy()
    result[cv2.dilate(mask, kernel) != cv2.erode(mask, kernel)] = 255
    return result


def render_scene(
    rng: np.random.Generator,
    size: tuple[int, int] = (96, 96),
    max_objects: int = 3,
    context_rate: float = 0.8,
    typical_rate: float = 0.85,
    border_px: int = 1,
) -> Scene:
    """Render one image with its truth.

    Args:
        rng: Source of everything random.
        size: ``(H, W)`` in pixels, at least 48.
        max_objects: Objects per image are 1 to this.
        context_rate: Fraction of the objects of a class in ``CONTEXT`` that stand on it; an eighth
            of this fraction of the other images shows it without the class.
        typical_rate: Fraction of the objects that have the typical texture of their class.
        border_px: Width of the void band on each side of an object's edge.

    Returns:
        The scene; at least one class is visible.

    Example:
        >>> scene = render_scene(np.random.default_rng(0))
        >>> scene.image.shape, scene.mask.shape
        ((96, 96, 3), (96, 96))
    """
    radius = min(size) // 8
    image = render_background(rng, size)
    render_distractors(image, int(rng.integers(3, 7)), radius, rng)
    objects = place_objects(rng, size, max_objects)
    for class_id, kind in CONTEXT.items():
        own = [o for o in objects if o[0] == class_id]
        for _, center, _, r in own:
            if rng.random() < context_rate:
                render_context(image, kind, center, r, rng)
        if not own and rng.random() < context_rate / 8:
            render_context(image, kind, random_frame(rng, size, radius)[0], radius * 3 // 2, rng)
    owner = np.zeros(size, dtype=np.uint8)
    for number, (class_id, center, degrees, r) in enumerate(objects, 1):
        y, x = local_grid(size, center, degrees)
        inside = outline(SHAPES[class_id], y, x, r)
        kind = TEXTURES[rng.integers(len(TEXTURES))]
        if rng.random() < typical_rate:
            kind = TYPICAL_TEXTURE[class_id]
        paint(image, inside, y, x, kind, rng)
        owner[inside] = number
    owner[render_distractors(image, int(rng.integers(0, 3)), radius * 3 // 4, rng)] = 0
    ids = np.array([0, *(o[0] + 1 for o in objects)], dtype=np.uint8)
    boxes = [
        (int(c.min()), int(r.min()), int(c.max()) + 1, int(r.max()) + 1, o[0])
        for number, o in enumerate(objects, 1)
        for r, c in [np.nonzero(owner == number)]
        if len(r)
    ]
    mask = mark_borders(ids[owner], border_px)
    return Scene(finish(image, rng), mask, boxes)


def finish(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return ``image`` with uneven light, a slight blur and sensor noise."""
    size = image.shape[:2]
    light = smooth_noise(rng, size, max(min(size) // 2, 8)).astype(np.int16) // 4 - 32
    noise = rng.integers(-8, 9, (*size, 1), dtype=np.int16)
    blurred = cv2.GaussianBlur(image, (3, 3), 0).astype(np.int16)
    return np.clip(blurred + light[..., None] + noise, 0, 255).astype(np.uint8)
