# SPDX-License-Identifier: Apache-2.0
"""One image of a per-image stage."""

from __future__ import annotations

from mmengine.structures import BaseDataElement


class WSSSDataSample(BaseDataElement):
    """What is known about one image in the stages between classifier and segmentor.

    Metainfo: ``image_id``, ``img_path``, ``ori_shape`` (height, width), ``held_out`` (bool).
    Fields, where there are any, with the names that mmpretrain and mmseg use:

    - ``gt_label``: int64 ``(K',)``, ids of the present foreground classes, 0-based.
    - ``score_maps``: :class:`wsss.structures.ScoreMaps`.
    - ``gt_sem_seg``, ``pred_sem_seg``: ``PixelData`` with ``data`` ``(1, H, W)``; 0 background,
      1..K classes, 255 ignore.
    - ``pred_regions``: ``PixelData`` with integers ``(1, H, W)``, region ids. ``human_regions``:
      likewise ``(A, H, W)``, of so many people.
    - ``saliency``, ``class_maps``: ``PixelData`` with floats ``(1, H, W)`` and ``(K', H, W)``.
    """
