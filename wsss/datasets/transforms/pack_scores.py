# SPDX-License-Identifier: Apache-2.0
"""Pack what a pseudo-label stage needs of an image."""

from __future__ import annotations

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData

from ...registry import TRANSFORMS
from ...structures import WSSSDataSample


@TRANSFORMS.register_module()
class PackScores(BaseTransform):
    """Turn the results into ``{'data_samples': WSSSDataSample}``.

    Fields: ``score_maps``, ``gt_label`` int64 ``(K',)`` where known, ``gt_sem_seg`` uint8
    ``(1, H, W)`` where there is ``gt_seg_map``. Metainfo: ``image_id``, ``img_path``,
    ``ori_shape``, ``held_out``, and ``mask_path``, ``mask_values`` of the truth where known.

    Example:
        >>> maps = ScoreMaps(torch.tensor([0]), torch.rand(1, 2, 2), size=(4, 4))
        >>> packed = PackScores()(dict(image_id='a', ori_shape=(4, 4), score_maps=maps))
        >>> packed['data_samples'].held_out
        False
    """

    def transform(self, results: dict) -> dict:
        """Return the packed sample."""
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
        sample.score_maps = results['score_maps']
        if results.get('gt_label') is not None:
            sample.gt_label = torch.as_tensor(results['gt_label'], dtype=torch.int64)
        if results.get('gt_seg_map') is not None:
            mask = torch.from_numpy(np.ascontiguousarray(results['gt_seg_map']))
            sample.gt_sem_seg = PixelData(data=mask[None])
        return {'data_samples': sample}
