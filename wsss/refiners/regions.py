# SPDX-License-Identifier: Apache-2.0
"""Where refiners get the regions of an image from."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigError
from ..registry import SUPERPIXELS, build
from ..superpixels import BaseSuperpixels, CachedSuperpixels


def build_regions(
    superpixels: dict | BaseSuperpixels, cache_dir: str | Path | None, owner: str
) -> BaseSuperpixels | CachedSuperpixels:
    """Return the source of regions of a refiner, with a cache if it has a folder.

    Args:
        superpixels: A source or its config.
        cache_dir: Where region maps are kept; None computes them each time.
        owner: The refiner, for messages.

    Raises:
        ConfigError: If the source cannot be built or is none, or the folder is no path.
    """
    source = build(SUPERPIXELS, superpixels, f'{owner}.superpixels')
    if not isinstance(source, BaseSuperpixels):
        raise ConfigError(
            f"{owner}.superpixels must be a source of regions, such as dict(type='SLIC'), got "
            f'{superpixels!r}.'
        )
    if cache_dir is None:
        return source
    if not isinstance(cache_dir, (str, Path)) or not str(cache_dir):
        raise ConfigError(f'{owner}.cache_dir must be a path or None, got {cache_dir!r}.')
    return CachedSuperpixels(source, cache_dir)
