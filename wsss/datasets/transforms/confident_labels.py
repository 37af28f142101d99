# SPDX-License-Identifier: Apache-2.0
"""Label in a loader worker what is sure of an image."""

from __future__ import annotations

from collections.abc import Sequence

from mmcv.transforms import BaseTransform

from ...errors import ConfigError, DataError
from ...pseudo_labels.labelers.confidence import ConfidenceLabeler
from ...refiners import BaseRefiner, RefinerChain
from ...registry import PSEUDO_LABELERS, TRANSFORMS, build


@TRANSFORMS.register_module()
class ConfidentLabels(BaseTransform):
    """Refine maps under a strong and under a weak background, keep the labels they agree on.

    Sets ``pred_seg_map``, the training labels of AffinityNet and IRNet: class where the strong
    background leaves it, background where the weak one is enough, 255 elsewhere. Comes after
    ``LoadScores`` and ``LoadImage``.

    Args:
        labeler: A labeler of two backgrounds: ``PSAConf`` or ``IRNConf``.
        refiners: Configs of refiners, or one; the dense CRF as published. None compares the maps
            as they are.

    Raises:
        ConfigError: If one cannot be built or is of another kind.

    Example:
        >>> ConfidentLabels(dict(type='IRNConf'), dict(type='DenseCRF', preset='irn')).labeler.fg
        0.3
    """

    def __init__(
        self,
        labeler: dict | ConfidenceLabeler,
        refiners: dict | BaseRefiner | Sequence[dict | BaseRefiner] | None = None,
    ):
        self.labeler = build(PSEUDO_LABELERS, labeler, 'ConfidentLabels.labeler')
        if not isinstance(self.labeler, ConfidenceLabeler):
            raise ConfigError(
                f'ConfidentLabels.labeler must compare two backgrounds, as PSAConf and IRNConf do, '
                f'got {type(self.labeler).__name__}.'
            )
        self.chain = RefinerChain(refiners, 'ConfidentLabels.refiners') if refiners else None

    def transform(self, results: dict) -> dict:
        """Add ``pred_seg_map`` uint8 ``(H, W)`` and take away the maps.

        Raises:
            DataError: If a refiner refuses the maps; the message names the image.
        """
        for key, how in (
            ('score_maps', 'put wsss.LoadScores before it'),
            ('img', 'put wsss.LoadImage before it'),
            ('class_to_label', 'use a data set of this package, or add it to the sample'),
        ):
            if key not in results:
                raise ConfigError(f'ConfidentLabels needs {key!r}: {how}.')
        if results['score_maps'].background is not None:
            raise DataError(
                f'image {results.get("image_id")!r}: ConfidentLabels weighs the background itself, '
                'these maps have one of their own. Take maps without, or label them by a stage '
                'with wsss.ArgMax and give its masks to the training: '
                "mask_folder='@pseudo_labels/masks'."
            )
        views = self.labeler.branches(results.pop('score_maps'))
        if self.chain is not None:
            views = self.chain.refine_views(results['img'], views, results.get('image_id'))
        label = self.labeler.merge(tuple(views), results['class_to_label'])
        results['pred_seg_map'] = label.numpy()
        return results
