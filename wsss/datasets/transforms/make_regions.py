# SPDX-License-Identifier: Apache-2.0
"""Part an image in a loader worker."""

from __future__ import annotations

from pathlib import Path

from mmcv.transforms import BaseTransform

from ...errors import ConfigError
from ...refiners.regions import build_regions
from ...registry import TRANSFORMS
from ...superpixels import BaseSuperpixels


@TRANSFORMS.register_module()
class MakeRegions(BaseTransform):
    """Give an image the regions of a source of superpixels, ``pred_regions`` int32 ``(H, W)``.

    Args:
        superpixels: A source, such as ``dict(type='SLIC')``.
        cache_dir: Where region maps are kept; None computes them each time.

    Raises:
        ConfigError: If the source cannot be built.

    Example:
        >>> image = np.zeros((64, 64, 3), np.uint8)
        >>> MakeRegions(dict(type='SLIC'))(dict(img=image))['pred_regions'].shape
        (64, 64)
    """

    def __init__(self, superpixels: dict | BaseSuperpixels, cache_dir: str | Path | None = None):
        self.source = build_regions(superpixels, cache_dir, 'MakeRegions')

    def transform(self, results: dict) -> dict:
        """Add the regions to ``results``."""
        if 'img' not in results:
            raise ConfigError("MakeRegions needs 'img': put wsss.LoadImage before it.")
        results['pred_regions'] = self.source(results['img'], results.get('image_id'))
        return results
