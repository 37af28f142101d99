# SPDX-License-Identifier: Apache-2.0
"""Open a label map."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from ...errors import DataError
from ...registry import TRANSFORMS
from ..base import IGNORE


def read_mask(
    path: str | Path,
    num_labels: int,
    size: tuple[int, int] | None = None,
    values: dict[int, int] | None = None,
    image_id: str = '',
) -> np.ndarray:
    """Read an index PNG and check it: one channel, the size of its image, known ids only.

    Args:
        path: Palette or 8-bit grey PNG.
        num_labels: K+1; ids 0..K and 255 are allowed.
        size: ``(H, W)`` the mask must have.
        values: Value in the file -> label id; None means the file holds label ids.
        image_id: For the message.

    Returns:
        uint8 ``(H, W)``: 0 background, 1..K classes, 255 ignore.

    Raises:
        DataError: Naming the file, what it holds and what is allowed.
    """
    name = f'mask of image {image_id!r} ({path})' if image_id else f'mask {path}'
    try:
        content = Path(path).read_bytes()
        with Image.open(io.BytesIO(content)) as opened:
            opened.verify()  # check sums: Pillow decodes damaged PNG data without a word
        with Image.open(io.BytesIO(content)) as opened:
            mode, (width, height) = opened.mode, opened.size
            if mode not in ('P', 'L', '1'):
                raise DataError(
                    f'{name} has mode {mode}: a label map must be a palette or 8-bit grey PNG with '
                    'one label id per pixel. Convert it.'
                )
            if size is not None and (height, width) != tuple(size):
                raise DataError(
                    f'{name} is {height} x {width} (height x width), its image is '
                    f'{size[0]} x {size[1]}. They must be equal.'
                )
            mask = np.array(opened, dtype=np.uint8)
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(
            f'{name} does not exist. Check the data root, or the stage that writes it.'
        ) from error
    except Exception as error:
        raise DataError(f'{name} is damaged or not an image ({error}). Replace it.') from error
    if values is None:
        allowed = {**{i: i for i in range(num_labels)}, IGNORE: IGNORE}
    else:
        allowed = values
    present = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
    illegal = [int(value) for value in present if int(value) not in allowed]
    if illegal:
        raise DataError(
            f'{name} holds the values {illegal[:10]}; allowed are {sorted(allowed)}. Check the '
            'classes of the data set and how the mask was made.'
        )
    if values is not None:
        table = np.zeros(256, dtype=np.uint8)
        for value, label in allowed.items():
            table[value] = label
        mask = table[mask]
    return mask


@TRANSFORMS.register_module()
class LoadMask(BaseTransform):
    """Open the label map of an image, its truth or what an earlier stage wrote, as ``gt_seg_map``.

    Must come directly after ``LoadImage`` in training pipelines; at test, where mmseg wants the
    truth at native size, it may come after resizing: the size is checked against ``ori_shape``.

    Args:
        optional: True leaves out ``gt_seg_map`` for an image without mask instead of raising.

    Example:
        >>> LoadMask(optional=True)({'image_id': 'a', 'mask_path': None})['image_id']
        'a'
    """

    reads_masks = True  # so they count for what is stale

    def __init__(self, optional: bool = False):
        self.optional = optional

    def transform(self, results: dict) -> dict:
        """Add ``gt_seg_map`` uint8 ``(H, W)`` to ``results``."""
        image_id, path = results['image_id'], results.get('mask_path')
        if path is None:
            if self.optional:
                return results
            raise DataError(
                f'image {image_id!r} has no mask, and this stage needs one. Use a split with '
                'masks, or mask_folder of the data set to read the labels of an earlier stage.'
            )
        results['gt_seg_map'] = read_mask(
            path,
            results['num_labels'],
            results.get('ori_shape'),
            results.get('mask_values'),
            image_id,
        )
        results['seg_fields'] = [*results.get('seg_fields', []), 'gt_seg_map']
        return results
