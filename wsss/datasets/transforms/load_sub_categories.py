# SPDX-License-Identifier: Apache-2.0
"""Label images with sub-classes."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from mmcv.transforms import BaseTransform

from ...errors import ConfigError
from ...registry import TRANSFORMS
from ...structures import SubCategories
from ..reads_files import ReadsFiles


@TRANSFORMS.register_module()
class LoadSubCategories(BaseTransform, ReadsFiles):
    """Set ``gt_score`` to classes and sub-classes of the image, for ``wsss.SubCategoryHead``.

    float32 ``(K + S,)`` of 0 and 1: the ``K`` classes, then all ``S`` sub-classes. Where the table
    holds shares, ``S`` more numbers: how much the image belongs to each of them. Being one label,
    batch augments mix all of it alike. ``gt_label`` stays as it is.

    Args:
        table: The ``sub_categories.json`` of an earlier stage; read with the first image.

    Raises:
        ConfigError: If ``table`` is not a path.

    Example:
        >>> LoadSubCategories(table='@sub_categories1/sub_categories.json').files('cat_1')
        ['@sub_categories1/sub_categories.json']
    """

    located_by = ('table',)

    def __init__(self, table: str):
        if not isinstance(table, str) or not table:
            raise ConfigError(f'LoadSubCategories.table must be a path, got {table!r}.')
        self.table = table

    @cached_property
    def sub_categories(self) -> SubCategories:
        """The table."""
        return SubCategories.read(self.table)

    def files(self, image_id: str) -> list[str]:
        """Return the one table of all images."""
        return [self.table]

    def transform(self, results: dict) -> dict:
        """Add ``gt_score`` to ``results``.

        Raises:
            DataError: If the table is of another data set, split or class list, or does not know
                the image with these classes.
        """
        table, where = self.sub_categories, f'LoadSubCategories.table {self.table}'
        table.check_classes(results['image_classes'], where)
        labels = list(results['gt_label'])
        if labels:  # pictures of background come from elsewhere
            table.check_source(results['dataset'], results['split'], where)
        parts = [np.zeros(len(table.classes), dtype=np.float32)]
        parts[0][labels] = 1
        parts.append(table.target(results['image_id'], labels))
        if table.soft is not None:
            parts.append(table.soft_target(results['image_id'], labels))
        results['gt_score'] = np.concatenate(parts)
        return results
