# SPDX-License-Identifier: Apache-2.0
"""Pack what superpixels are trained and measured on."""

from __future__ import annotations

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData

from ...errors import DataError
from ...registry import TRANSFORMS
from ...structures import WSSSDataSample
from .maps_as_fields import CLASS_MAP

FIELDS = dict(
    gt_seg_map='gt_sem_seg',
    saliency='saliency',
    human_regions='human_regions',
    pred_regions='pred_regions',
)
"""Key of the results -> field of the sample."""


@TRANSFORMS.register_module()
class PackRegions(BaseTransform):
    """Turn the results into what :class:`wsss.models.SuperpixelNet` and superpixel metrics take.

    ``inputs`` is the image, uint8 ``(3, H, W)`` RGB. Fields of the sample, each where there is one:
    ``gt_sem_seg`` of ``gt_seg_map``, ``saliency``, ``human_regions``, ``pred_regions``, and
    ``class_maps`` float ``(K', H, W)`` of the planes of :class:`MapsAsFields`. Metainfo:
    ``image_id``, ``img_path``, ``ori_shape``, and ``img_shape``, the size now.

    Example:
        >>> results = dict(
        ...     image_id='a', img=np.zeros((4, 6, 3), np.uint8), ori_shape=(8, 8),
        ...     saliency=np.zeros((4, 6), np.float32))
        >>> PackRegions()(results)['data_samples'].saliency.data.shape
        torch.Size([1, 4, 6])
    """

    def transform(self, results: dict) -> dict:
        """Return the packed sample.

        Raises:
            DataError: If a map is not of the size of the image, as after a transform that leaves
                out what ``seg_fields`` names.
        """
        image = results['img']
        sample = WSSSDataSample(
            metainfo=dict(
                image_id=results['image_id'],
                img_path=results.get('img_path'),
                ori_shape=tuple(results['ori_shape']),
                img_shape=tuple(image.shape[:2]),
            )
        )
        found = {field: results[key] for key, field in FIELDS.items() if key in results}
        if 'num_class_maps' in results:
            planes = [results[CLASS_MAP.format(i)] for i in range(results['num_class_maps'])]
            size = planes[0].shape if planes else image.shape[:2]
            found['class_maps'] = np.zeros((len(planes), *size), np.float32)
            for own, plane in zip(found['class_maps'], planes):
                own[:] = plane
        for field, values in found.items():
            if values.shape[-2:] != image.shape[:2]:
                raise DataError(
                    f'image {results["image_id"]!r} is {image.shape[:2]} now, its {field} '
                    f'{values.shape[-2:]}. A transform before PackRegions changed one of them '
                    "alone: use one that changes what results['seg_fields'] names, such as "
                    'RandomCrop, RandomFlip, RandomResize.'
                )
            data = torch.from_numpy(np.ascontiguousarray(values))
            sample.set_field(PixelData(data=data if data.ndim == 3 else data[None]), field)
        inputs = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        return dict(inputs=inputs, data_samples=sample)
