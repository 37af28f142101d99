# SPDX-License-Identifier: Apache-2.0
"""Hand the views of an image to the model."""

from __future__ import annotations

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData

from ...errors import ConfigError
from ...registry import TRANSFORMS
from ...structures import Views, WSSSDataSample

META_KEYS = ('image_id', 'img_path', 'ori_shape', 'held_out')


@TRANSFORMS.register_module()
class PackViews(BaseTransform):
    """Pack ``views``, and what is known of the image, for :class:`wsss.models.CAMClassifier`.

    Gives ``inputs``, :class:`wsss.structures.Views` of uint8 ``(3, h, w)``, and ``data_samples``, a
    :class:`wsss.structures.WSSSDataSample` with the metainfo ``image_id``, ``img_path``,
    ``ori_shape`` and ``held_out``, ``gt_label`` where the image has labels, ``gt_sem_seg`` where a
    mask was loaded, and ``score_maps`` where maps were.

    Example:
        >>> results = {'views': [np.zeros((8, 8, 3), np.uint8)], 'ori_shape': (8, 8)}
        >>> PackViews()(results)['inputs'][0].shape
        torch.Size([3, 8, 8])
    """

    def transform(self, results: dict) -> dict:
        """Return ``inputs`` and ``data_samples``."""
        if 'views' not in results:
            raise ConfigError(
                "PackViews: there are no views. Put dict(type='wsss.MultiScaleViews') before it."
            )
        inputs = [
            torch.from_numpy(np.ascontiguousarray(view.transpose(2, 0, 1)))
            for view in results['views']
        ]
        sample = WSSSDataSample(metainfo={k: results[k] for k in META_KEYS if k in results})
        if results.get('gt_label') is not None:
            sample.gt_label = torch.as_tensor(results['gt_label'], dtype=torch.int64).flatten()
        if results.get('gt_seg_map') is not None:
            mask = torch.from_numpy(np.ascontiguousarray(results['gt_seg_map']))
            sample.gt_sem_seg = PixelData(data=mask[None])
        if results.get('score_maps') is not None:
            sample.score_maps = results['score_maps']
        return dict(inputs=Views(inputs), data_samples=sample)
