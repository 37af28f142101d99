# SPDX-License-Identifier: Apache-2.0
"""What models that make maps of several views of an image have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from ..cams import BaseCAM, Preparation, ViewFusion
from ..errors import ConfigError
from ..registry import check_arguments
from ..structures import WSSSDataSample
from .normalizes_images import NormalizesImages


class ExplainsViews(NormalizesImages, ABC):
    """A part of a model: sends the views of images through :class:`wsss.cams.ViewFusion`.

    The model calls :meth:`set_up_maps` in its constructor, and says in :meth:`classes_of` which
    classes of an image get maps.
    """

    def set_up_maps(
        self, cam: BaseCAM | None, fusion: dict | None, extraction: dict | None
    ) -> None:
        """Keep what makes maps.

        Args:
            cam: What makes maps of one view; None for a model that makes none.
            fusion: Arguments of :class:`wsss.cams.ViewFusion`.
            extraction: Arguments of :class:`wsss.cams.Preparation`.

        Raises:
            ConfigError: If an argument is not usable.
        """
        fusion, extraction = dict(fusion or {}), dict(extraction or {})
        check_arguments(ViewFusion, fusion, 'model.fusion')
        check_arguments(Preparation, extraction, 'model.extraction')
        self.cam = cam
        self.fusion = ViewFusion(**fusion)
        self.extraction = Preparation(**extraction)

    @abstractmethod
    def classes_of(
        self, views: Sequence[Sequence[Tensor]], samples: Sequence[WSSSDataSample]
    ) -> list[Tensor]:
        """Return the ids that get maps of each image, int64 ``(K',)``, increasing, on the CPU."""

    @torch.no_grad()
    def explain(
        self, views: Sequence[Sequence[Tensor]], samples: Sequence[WSSSDataSample]
    ) -> list[WSSSDataSample]:
        """Set ``score_maps`` of every sample.

        Args:
            views: For each image its views ``(3, h, w)``, RGB in 0..255.
            samples: What is known of each image.

        Raises:
            ConfigError: If a sample lacks what is needed.
            DataError: If a class id is out of range.
        """
        for sample, own in zip(samples, views):
            if 'ori_shape' not in sample or isinstance(own, Tensor) or not len(own):
                raise ConfigError(
                    f'{type(self).__name__} needs, for each image, a list of views and a sample '
                    'with ori_shape. End the pipeline with wsss.MultiScaleViews and wsss.PackViews.'
                )
        classes = self.classes_of(views, samples)
        sizes = [sample.ori_shape for sample in samples]
        if not len(views):
            return []
        first = self.normalize_views(views[0][0][None])
        prepared = self.extraction.prepare(self, self.cam, first)
        with self.extraction.autocast(first.device):
            maps = self.fusion(self.cam, prepared, views, classes, sizes, self.normalize_views)
        for sample, own in zip(samples, maps):
            sample.score_maps = own
        return list(samples)

    def normalize_views(self, views: Tensor) -> Tensor:
        """Bring RGB views ``(n, 3, h, w)`` in 0..255 to the model's device, mean and deviation."""
        return self.normalize(views)
