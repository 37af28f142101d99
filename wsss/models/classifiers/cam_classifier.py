# SPDX-License-Identifier: Apache-2.0
"""A classifier that can say where its classes are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import ModuleList
from mmengine.registry import DefaultScope
from mmpretrain.models import ImageClassifier
from torch import Tensor

from ...checks import check_choice, check_integer
from ...errors import ConfigError, DataError
from ...ops.output_stride import set_output_stride
from ...registry import CAMS, MODELS, build
from ...structures import WSSSDataSample
from ..explains_views import ExplainsViews
from .training_checks import (
    check_background,
    check_distillation,
    check_loss,
    check_map_losses,
    checked_mixing,
)
from .training_maps import on_cells, soft_labels, training_maps

CLASS_SOURCES = ('label', 'pred', 'label_or_pred')


@MODELS.register_module()
class CAMClassifier(ExplainsViews, ImageClassifier):
    """mmpretrain's ``ImageClassifier`` that, at test, can return score maps instead of classes.

    Without ``cam`` it is an ordinary classifier: train and test it as in mmpretrain. With ``cam``,
    :meth:`test_step` explains the classes of each image at several scales (:class:`ViewFusion`).
    The parameters are the same, so the training checkpoint loads as it is.

    Args:
        backbone: As in ``mmpretrain.models.ImageClassifier``.
        cam: Which maps: a dict with a ``type`` of the registry ``CAMS``. None gives an ordinary
            classifier.
        fusion: Arguments of :class:`wsss.cams.ViewFusion`.
        extraction: Arguments of :class:`wsss.cams.Preparation`: how the network is made fast while
            it explains (batch norm folded and channels-last by default, ``dtype='bfloat16'`` for
            mixed precision). Training and weights do not change by it.
        class_source: Which classes are explained. ``label``: the image's label; ``pred``: those
            the head predicts for the first view (a wrong one costs its whole region);
            ``label_or_pred``: the prediction only where the image has no label.
        output_stride: Finer maps: stride of the last feature map, see
            :func:`wsss.ops.output_stride.set_output_stride`. None leaves the backbone alone.
        dilate: With ``output_stride``: dilate the later kernels.
        extra_classes: So many of the head's classes, the last ones, are none of the data set's (the
            background scenes of :class:`wsss.datasets.WithBackground`): they are never explained.
        map_losses: Further terms of the training loss that look at the maps of all classes, such as
            ``[dict(type='wsss.EntropyLoss')]``; the logs call them ``loss_entropy``,
            ``loss_concentration`` and so on.
        **kwargs: As in ``mmpretrain.models.ImageClassifier``; types without a prefix are
            mmpretrain's, whatever the default scope. Mean and standard deviation of
            ``data_preprocessor`` normalise the views; its ``to_rgb`` does not apply to them, as
            they are RGB. Its type is :class:`CAMPreprocessor` unless it has another.

    Raises:
        ConfigError: If an argument is not usable.

    Example:
        >>> model = CAMClassifier(
        ...     backbone=dict(type='mmpretrain.MobileNetV2'),
        ...     neck=dict(type='mmpretrain.GlobalAveragePooling'),
        ...     head=dict(type='mmpretrain.LinearClsHead', num_classes=3, in_channels=1280),
        ...     cam=dict(type='GradCAM'))
        >>> sample = WSSSDataSample(gt_label=torch.tensor([1]), metainfo=dict(ori_shape=(64, 96)))
        >>> views = [torch.zeros(3, 64, 96, dtype=torch.uint8)]
        >>> model.test_step(dict(inputs=[views], data_samples=[sample]))[0].score_maps.scores.shape
        torch.Size([1, 16, 24])
    """

    takes_validity = True
    gives_features = False

    def __init__(
        self,
        backbone: dict,
        cam: dict | None = None,
        fusion: dict | None = None,
        extraction: dict | None = None,
        class_source: str = 'label',
        output_stride: int | None = None,
        dilate: bool = False,
        extra_classes: int = 0,
        map_losses: Sequence[dict] = (),
        **kwargs: Any,
    ):
        preprocessor = kwargs.get('data_preprocessor') or {}
        if isinstance(preprocessor, dict):
            preprocessor = {'type': 'wsss.CAMPreprocessor', **preprocessor}
            kwargs['data_preprocessor'] = checked_mixing(preprocessor)
        # defaults of mmpretrain's parts name other parts without a prefix
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            super().__init__(backbone, **kwargs)
        head = self.head if self.with_head else None
        check_loss(head)
        check_distillation(head, self.neck if self.with_neck else None)
        cam = None if cam is None else build(CAMS, cam, 'model.cam')
        self.set_up_maps(cam, fusion, extraction)
        self.class_source = check_choice(class_source, 'model.class_source', CLASS_SOURCES)
        self.extra_classes = check_integer(extra_classes, 'model.extra_classes', 0)
        if output_stride is not None:
            set_output_stride(self.backbone, output_stride, dilate)
        self.map_losses = ModuleList(
            build(MODELS, term, f'model.map_losses[{i}]') for i, term in enumerate(map_losses)
        )
        mixing = getattr(self.data_preprocessor, 'batch_augments', None)
        augments = getattr(mixing, 'augments', ())
        check_map_losses(self.map_losses, head, augments, self.gives_features)
        for augment in augments:
            if hasattr(augment, 'attach'):
                augment.attach(self.backbone)

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the terms of the head and those of ``map_losses``.

        Args:
            inputs: float ``(N, 3, H, W)``, normalised; further channels may be validity, 0 where
                an image is padded, and saliency, both in [0, 1]. The network does not see them; a
                cell of the maps counts in ``map_losses`` by its mean validity.
            data_samples: With ``gt_label`` or ``gt_score``.

        Raises:
            ConfigError: If the network has no maps that ``map_losses`` could look at, or a map of
                the background that no term teaches.
        """
        images = inputs[:, :3]
        check_background(self.map_losses, self.head)
        if not self.map_losses:
            return super().loss(images, data_samples)
        features = self.extract_feat(images, stage='backbone')
        pooled = self.neck(features) if self.with_neck else features
        losses = self.head.loss(pooled, data_samples)
        maps = training_maps(self.head, features[-1])
        labels = soft_labels(data_samples, maps.shape[1], maps)
        valid, saliency = on_cells(inputs[:, 3:], maps.shape[2:])
        if any(term.needs_saliency for term in self.map_losses):
            maps = self.head.maps(features[-1])
        return losses | self.losses_of_maps(maps, labels, valid, saliency)

    def losses_of_maps(
        self,
        maps: Tensor,
        labels: Tensor,
        valid: Tensor | None,
        saliency: Tensor | None,
        features: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return the terms of ``map_losses``.

        Args:
            maps: float ``(N, K, h, w)``, logits of each cell, or ``(N, K + 1, h, w)`` with the
                background first.
            labels: float ``(N, K)`` in [0, 1].
            valid: ``(N, 1, h, w)`` in [0, 1], how much of a cell shows an image; None: all.
            saliency: ``(N, 1, h, w)`` in [0, 1], for terms that need it.
            features: float ``(N, D, h, w)``, for terms that need them.
        """
        losses: dict[str, Tensor] = {}
        share = getattr(self.head, 'loss_share', 1.0)  # SubCategoryHead divides its terms
        classes = maps[:, maps.shape[1] - labels.shape[1] :]
        for term in self.map_losses:
            name = f'loss_{type(term).__name__.removesuffix("Loss").lower()}'
            if term.needs_saliency:
                found = term(maps, labels, valid, saliency=saliency)
            elif term.needs_features:
                found = term(classes, labels, valid, features=features)
            else:
                found = term(classes, labels, valid)
            losses[name] = losses.get(name, 0) + share * found
        return losses

    def test_step(self, data: dict | tuple | list) -> list:
        """Return the samples with ``score_maps``, or, without ``cam``, with predicted classes.

        Args:
            data: With ``cam``: ``inputs``, for each image the list of its views, uint8 or float
                ``(3, h, w)`` RGB in 0..255; ``data_samples``, for each image a
                :class:`WSSSDataSample` with ``ori_shape`` and, unless the classes are predicted,
                ``gt_label``.
        """
        if self.cam is None:
            return super().test_step(data)
        return self.explain(data['inputs'], data['data_samples'])

    @torch.no_grad()
    def explain(
        self, views: Sequence[Sequence[Tensor]], samples: Sequence[WSSSDataSample]
    ) -> list[WSSSDataSample]:
        """Set ``score_maps`` of every sample.

        Args:
            views: For each image its views ``(3, h, w)``, RGB in 0..255.
            samples: What is known of each image.

        Raises:
            ConfigError: If there is no ``cam``, or a sample lacks what is needed.
            DataError: If a class id is out of range.
        """
        if self.cam is None:
            raise ConfigError(
                'model.cam is not set, so there is nothing to explain with. Set model.cam=dict('
                "type='GradCAM')."
            )
        return super().explain(views, samples)

    def classes_of(
        self, views: Sequence[Sequence[Tensor]], samples: Sequence[WSSSDataSample]
    ) -> list[Tensor]:
        """Return the ids to explain of each image, increasing, on the CPU."""
        labelled = ['gt_label' in sample for sample in samples]
        if self.class_source == 'label':
            if not all(labelled):
                sample = samples[labelled.index(False)]
                raise ConfigError(
                    f'image {sample.get("image_id", "?")!r} has no gt_label, and '
                    "model.class_source='label' explains the labels. Use 'label_or_pred' or 'pred'."
                )
            predicted = [None] * len(samples)
        else:
            skip = labelled if self.class_source == 'label_or_pred' else [False] * len(samples)
            predicted = self._predict_classes([own[0] for own in views], skip)
        num_classes = getattr(self.head, 'num_classes', None)
        num_classes = num_classes and num_classes - self.extra_classes
        result = []
        for sample, own in zip(samples, predicted):
            ids = torch.as_tensor(sample.gt_label if own is None else own)
            ids = ids.to('cpu', torch.int64).flatten().unique()
            if own is not None and self.extra_classes:
                ids = ids[ids < num_classes]
            if num_classes and len(ids) and not 0 <= int(ids[0]) <= int(ids[-1]) < num_classes:
                raise DataError(
                    f'image {sample.get("image_id", "?")!r}: class ids {ids.tolist()} are outside '
                    f'0..{num_classes - 1}, the classes of the head that are explained. Check '
                    'model.head.num_classes (and model.extra_classes) against the data set.'
                )
            result.append(ids)
        return result

    def _predict_classes(self, views: list[Tensor], skip: list[bool]) -> list[Tensor | None]:
        """Return what the head predicts for each view, None where it is to be skipped."""
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, view in enumerate(views):
            if not skip[index]:
                groups[tuple(view.shape)].append(index)
        predicted: list[Tensor | None] = [None] * len(views)
        for members in groups.values():
            for start in range(0, len(members), self.fusion.max_batch):
                part = members[start : start + self.fusion.max_batch]
                batch = self.normalize_views(torch.stack([views[index] for index in part]))
                for index, sample in zip(part, self.predict(batch)):
                    predicted[index] = sample.pred_label
        return predicted
