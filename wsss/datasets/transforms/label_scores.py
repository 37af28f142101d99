# SPDX-License-Identifier: Apache-2.0
"""Label score maps in a loader worker."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from ...errors import ConfigError
from ...ops.confusion import IGNORE
from ...pseudo_labels.labelers import PseudoLabeler
from ...registry import PSEUDO_LABELERS, TRANSFORMS, build
from ...structures import check_image_id
from ..mask_io import read_mask
from ..reads_files import ReadsFiles


@TRANSFORMS.register_module()
class LabelScores(BaseTransform, ReadsFiles):
    """Turn ``score_maps`` into ``pred_seg_map``; labels of an anchor stay as they are.

    For labels that need no threshold chosen on the data set, such as those of a round of
    self-training. Comes after ``LoadScores`` and the refiners.

    Args:
        labeler: Config of a pseudo-labeler.
        anchor: A folder of label maps, ``<anchor>/<image id>.png``, whose labels win over those
            made here, but for 255: the confident labels of the first maps, for example, so that
            rounds of self-training cannot drift away from them. None for none.

    Raises:
        ConfigError: If the labeler cannot be built, or ``anchor`` is no path.

    Example:
        >>> LabelScores(dict(type='ArgMax'), anchor='@confident/masks').anchor
        '@confident/masks'
    """

    located_by = ('anchor',)

    def __init__(self, labeler: dict | PseudoLabeler, anchor: str | None = None):
        if anchor is not None and (not isinstance(anchor, str) or not anchor):
            raise ConfigError(f'LabelScores.anchor must be a folder or None, got {anchor!r}.')
        self.labeler = build(PSEUDO_LABELERS, labeler, 'LabelScores.labeler')
        self.anchor = anchor

    def files(self, image_id: str) -> list[str]:
        """Return the path of the anchor's labels."""
        return [] if self.anchor is None else [f'{self.anchor}/{image_id}.png']

    def transform(self, results: dict) -> dict:
        """Add ``pred_seg_map`` uint8 ``(H, W)``.

        Raises:
            DataError: If the labels of the anchor are missing, damaged or of another size.
        """
        for key, how in (
            ('score_maps', 'put wsss.LoadScores before it'),
            ('class_to_label', 'use a data set of this package, or add it to the sample'),
        ):
            if key not in results:
                raise ConfigError(f'LabelScores needs {key!r}: {how}.')
        label = self.labeler(results['score_maps'], results['class_to_label']).numpy()
        image_id = results.get('image_id')
        for path in self.files(check_image_id(image_id)):
            fixed = read_mask(path, results['num_labels'], label.shape, image_id=image_id)
            label = np.where(fixed == IGNORE, label, fixed)
        results['pred_seg_map'] = label
        return results
