# SPDX-License-Identifier: Apache-2.0
"""Pack what a pseudo-label stage needs of an image."""

from __future__ import annotations

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData

from ...errors import ConfigError
from ...registry import TRANSFORMS
from ...structures import WSSSDataSample


@TRANSFORMS.register_module()
class PackScores(BaseTransform):
    """Turn the results into ``{'data_samples': WSSSDataSample}``.

    Fields, each where there is one: ``score_maps``; ``gt_label`` int64 ``(K',)``; ``gt_sem_seg``
    of ``gt_seg_map`` and ``pred_sem_seg`` of ``pred_seg_map``, uint8 ``(1, H, W)``. Metainfo:
    ``image_id``, ``img_path``, ``ori_shape``, ``held_out``, and ``mask_path``, ``mask_values`` of
    the truth where known.

    Args:
        with_image: Also pack ``inputs``, the image as uint8 ``(3, H, W)``, for a network that
            refines.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0]), torch.rand(1, 2, 2), size=(4, 4))
        >>> packed = PackScores()(dict(image_id='a', ori_shape=(4, 4), score_maps=maps))
        >>> packed['data_samples'].held_out
        False
    """

    def __init__(self, with_image: bool = False):
        self.with_image = with_image

    def transform(self, results: dict) -> dict:
        """Return the packed sample.

        Raises:
            ConfigError: If the pipeline has made neither maps nor labels.
        """
        if results.get('score_maps') is None and results.get('pred_seg_map') is None:
            raise ConfigError(
                'PackScores needs score_maps or pred_seg_map: put wsss.LoadScores, '
                'wsss.CombineScores or wsss.AgreedLabels before it.'
            )
        sample = WSSSDataSample(
            metainfo=dict(
                image_id=results['image_id'],
                img_path=results.get('img_path'),
                ori_shape=tuple(results['ori_shape']),
                held_out=bool(results.get('held_out', False)),
                mask_path=results.get('mask_path'),
                mask_values=results.get('mask_values'),
            )
        )
        if results.get('score_maps') is not None:
            sample.score_maps = results['score_maps']
        if results.get('gt_label') is not None:
            sample.gt_label = torch.as_tensor(results['gt_label'], dtype=torch.int64)
        for name in ('gt', 'pred'):
            if results.get(f'{name}_seg_map') is not None:
                mask = torch.from_numpy(np.ascontiguousarray(results[f'{name}_seg_map']))
                sample.set_field(PixelData(data=mask[None]), f'{name}_sem_seg')
        packed = {'data_samples': sample}
        if self.with_image:
            if 'img' not in results:
                raise ConfigError(
                    'PackScores(with_image=True): there is no image. Put wsss.LoadImage before it.'
                )
            packed['inputs'] = torch.from_numpy(results['img'].transpose(2, 0, 1).copy())
        return packed
