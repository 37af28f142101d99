# SPDX-License-Identifier: Apache-2.0
"""Where refiners get the regions of an image from."""

from __future__ import annotations

from ..registry import SUPERPIXELS, build
from ..superpixels import BaseSuperpixels, CachedSuperpixels


def build_regions(
    superpixels: dict | BaseSuperpixels, cache_dir: str | None, owner: str
) -> BaseSuperpixels | CachedSuperpixels:
    """Return the source of regions of a refiner, with a cache if it has a folder.

    Args:
        superpixels: Config of a source.
        cache_dir: Where region maps are kept; None computes them each time.
        owner: The refiner, for messages.

    Raises:
        ConfigError: If the source cannot be built.
    """
    source = build(SUPERPIXELS, superpixels, f'{owner}.superpixels')
    return source if cache_dir is None else CachedSuperpixels(source, cache_dir)
