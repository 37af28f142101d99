# SPDX-License-Identifier: Apache-2.0
"""A multi-label head that is taught."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import ModuleList
from mmpretrain.models import MultiLabelLinearClsHead
from torch import Tensor

from ...errors import ConfigError, DataError
from ...registry import MODELS, build
from ..classifiers.training_maps import soft_labels


@MODELS.register_module()
class DistillHead(MultiLabelLinearClsHead):
    """mmpretrain's multi-label linear head with terms that make it agree with a teacher.

    What the teacher says of each image comes with the samples: ``wsss.LoadFeatures`` reads what a
    stage with ``wsss.FeatureClassifier`` wrote (``output='logits'`` for the kind ``logit``), and
    ``PackInputs(algorithm_keys=('teacher',))`` hands it on. Inference is that of the base.

    Args:
        num_classes: ``K``.
        in_channels: Of the pooled features.
        distill: Configs of :class:`wsss.models.DistillLoss`, of the kinds ``logit``, ``feature``
            and ``relation``.
        **kwargs: As in the base: ``loss``, ``thr``, ``topk``, ``init_cfg``.

    Raises:
        ConfigError: If a kind cannot be used here.

    Example:
        >>> from mmpretrain.structures import DataSample
        >>> head = DistillHead(3, 8, distill=[dict(type='wsss.DistillLoss', kind='logit')])
        >>> samples = [DataSample(teacher=torch.zeros(3)).set_gt_label([0, 2])]
        >>> sorted(head.loss((torch.rand(1, 8),), samples))
        ['loss', 'loss_logit']
    """

    kinds: tuple[str, ...] = ('logit', 'feature', 'relation')

    def __init__(
        self, num_classes: int, in_channels: int, distill: Sequence[dict] = (), **kwargs: Any
    ):
        super().__init__(num_classes, in_channels, **kwargs)
        self.distill = ModuleList(
            build(MODELS, term, f'model.head.distill[{i}]') for i, term in enumerate(distill)
        )
        for term in self.distill:
            if term.kind not in self.kinds:
                raise ConfigError(
                    f'model.head.distill: {type(self).__name__} cannot use kind={term.kind!r}. '
                    f'Allowed: {", ".join(self.kinds)}; sub-classes need wsss.SubCategoryHead.'
                )
        self._put_fc_last()

    def _put_fc_last(self) -> None:
        """Let ``fc`` be the last linear layer of the head: maps are made of that."""
        self.fc = self._modules.pop('fc')

    def loss(self, feats: tuple[Tensor, ...], data_samples: list, **kwargs: Any) -> dict:
        """Return ``loss`` and a term ``loss_<kind>`` for each of ``distill``.

        Args:
            feats: The last is float ``(N, C)``.
            data_samples: With ``gt_label`` or ``gt_score``, and ``teacher`` where it is needed.
            **kwargs: For the loss.
        """
        pooled = self.pre_logits(feats)
        logits = self.fc(pooled)
        target = soft_labels(data_samples, self.num_classes, logits)
        loss = self.loss_module(logits, target, avg_factor=len(logits), **kwargs)
        losses = dict(loss=loss)
        for term in self.distill:
            if term.kind in DistillHead.kinds:
                student = logits if term.kind == 'logit' else pooled
                found = term(student, _teacher(data_samples, pooled))
                name = f'loss_{term.kind}'
                losses[name] = losses.get(name, 0) + found
        return losses


def _teacher(samples: Sequence[Any], like: Tensor) -> Tensor:
    """Return what the teacher says of each image, ``(N, D)``.

    Raises:
        ConfigError: If it is missing.
        DataError: If it is not of one network.
    """
    if not all('teacher' in sample for sample in samples):
        raise ConfigError(
            'model.head.distill needs what the teacher says of each image. Put wsss.LoadFeatures '
            "into the pipeline and algorithm_keys=('teacher',) into PackInputs."
        )
    lengths = {len(sample.teacher): sample.get('image_id', '?') for sample in samples}
    if len(lengths) > 1:
        raise DataError(
            'what the teacher says of images differs in length: '
            f'{", ".join(f"{n} numbers of image {i!r}" for n, i in sorted(lengths.items()))}. '
            'Their features come from different networks: run the stage that wrote them again '
            'with --redo.'
        )
    return torch.stack([sample.teacher for sample in samples]).to(like)
