# SPDX-License-Identifier: Apache-2.0
"""Labels that several stages agree on."""

from __future__ import annotations

from collections.abc import Sequence

from mmcv.transforms import BaseTransform

from ...errors import ConfigError
from ...ops.agreement import agreed_labels
from ...registry import TRANSFORMS
from ...structures import check_image_id
from ..mask_io import read_mask
from ..reads_files import ReadsFiles


@TRANSFORMS.register_module()
class AgreedLabels(BaseTransform, ReadsFiles):
    """Read ``<folder>/<image id>.png`` of several stages; keep the labels on which all agree.

    Where members differ the label is 255, so a segmentor learns nothing from pixels in doubt. Sets
    ``pred_seg_map`` uint8 ``(H, W)`` and takes ``ori_shape`` from its size. Comes first in the
    pipeline of a stage that needs no images.

    Args:
        folders: Where earlier stages wrote the labels, such as ``@pseudo_labels/masks``; two or
            more.
        ignore: What 255 in a member means: ``any`` makes it 255 in the result; ``all`` lets the
            member abstain, so that the result is 255 only where the others differ or none is left.

    Raises:
        ConfigError: If there are fewer than two folders, or ``ignore`` is something else.

    Example:
        >>> AgreedLabels(['@pseudo_labels/masks', '@other_labels/masks']).ignore
        'any'
    """

    located_by = ('folders',)

    def __init__(self, folders: Sequence[str], ignore: str = 'any'):
        if not isinstance(folders, (list, tuple)) or len(folders) < 2:
            raise ConfigError(
                f'AgreedLabels.folders must be a list of two folders or more, got {folders!r}.'
            )
        if ignore not in ('any', 'all'):
            raise ConfigError(f"AgreedLabels.ignore must be 'any' or 'all', got {ignore!r}.")
        self.folders = tuple(folders)
        self.ignore = ignore

    def files(self, image_id: str) -> list[str]:
        """Return the paths of the members' labels."""
        return [f'{folder}/{image_id}.png' for folder in self.folders]

    def transform(self, results: dict) -> dict:
        """Add the labels to ``results``.

        Raises:
            DataError: If a file is missing or damaged, or not of the size of the first.
        """
        image_id = check_image_id(results['image_id'])
        labels, size = [], results.get('ori_shape')
        for path in self.files(image_id):
            labels.append(read_mask(path, results['num_labels'], size, image_id=image_id))
            size = labels[0].shape
        results['pred_seg_map'] = agreed_labels(labels, self.ignore)
        results['ori_shape'] = size
        return results
