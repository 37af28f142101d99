# SPDX-License-Identifier: Apache-2.0
"""A multi-label head for classes and their sub-classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...checks import check_number
from ...datasets.reads_files import ReadsFiles
from ...errors import ConfigError, DataError
from ...registry import MODELS
from ...structures import SubCategories
from .distill_head import DistillHead


@MODELS.register_module()
class SubCategoryHead(DistillHead, ReadsFiles):
    """Two linear layers on the same features: ``fc`` of the classes, ``sub_fc`` of the sub-classes.

    Telling sub-classes apart makes the features, and so the maps, cover more of an object (Y.-T.
    Chang et al., "Weakly-Supervised Semantic Segmentation via Sub-category Exploration", CVPR
    2020). Predictions and maps are those of ``fc`` alone.

    ``L = L_class + sub_weight L_sub``, both means over their classes in the paper. Losses of
    mmpretrain are sums over classes (the full-size configs divide them by 20), so ``L_sub`` is
    multiplied by ``K / S``, which makes the ratio the paper's. All terms, those of ``distill`` and
    the ``map_losses`` of the classifier too, are divided by ``1 + sub_weight``, which keeps the
    size of their sum: at a rate for ``L_class`` alone, six times as large a loss lets a training
    diverge (the paper's code has a tenth of the rate).

    Args:
        num_classes: ``K``.
        in_channels: Of the pooled features.
        table: The ``sub_categories.json`` of a stage with ``wsss.SubCategoryLoop``, which says how
            many sub-classes there are. The pipeline puts the same one into the labels
            (``wsss.LoadSubCategories``).
        sub_weight: Of the second term, at least 0; 5 in the paper's code.
        distill: As in :class:`DistillHead`, and the kind ``soft_subclass``, for which the table
            must hold shares (``SubCategoryLoop(soft=True)``).
        **kwargs: As in :class:`DistillHead`.

    Raises:
        ConfigError: If the table is of another number of classes, or lacks the shares.
        DataError: If the table cannot be read; only a missing one is left to the training.

    Example:
        >>> table = SubCategories('Pets', 'train', ('cat', 'dog'), (2, 3), {})
        >>> table.write('/tmp/sub_categories.json')
        >>> SubCategoryHead(2, 8, table='/tmp/sub_categories.json').sub_fc.out_features
        5
    """

    kinds = (*DistillHead.kinds, 'soft_subclass')
    located_by = ('table',)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        table: str,
        sub_weight: float = 5.0,
        distill: Sequence[dict] = (),
        **kwargs: Any,
    ):
        super().__init__(num_classes, in_channels, distill, **kwargs)
        if not isinstance(table, str) or not table:
            raise ConfigError(f'model.head.table must be a path, got {table!r}.')
        self.table = table
        self.sub_weight = check_number(sub_weight, 'model.head.sub_weight', 0)
        self.total = 0
        # a dry run builds the model before the stage that writes the table has run
        if Path(table).is_file():
            self._build(SubCategories.read(table))

    def _build(self, table: SubCategories) -> None:
        if len(table.classes) != self.num_classes:
            raise ConfigError(
                f'model.head.num_classes is {self.num_classes}, but the sub-categories '
                f'{self.table} are of {len(table.classes)} classes ({table.dataset}).'
            )
        if not table.total:
            raise DataError(f'sub-categories {self.table} hold no sub-class of any class.')
        if table.soft is None and any(term.kind == 'soft_subclass' for term in self.distill):
            raise ConfigError(
                f"model.head.distill: kind='soft_subclass' needs shares, and {self.table} has "
                'none. Set soft=True in test_cfg of the stage that wrote it.'
            )
        self.total = table.total
        self.register_buffer('parents', torch.tensor(table.parents), persistent=False)
        self.sub_fc = nn.Linear(self.in_channels, table.total)
        self._put_fc_last()

    def files(self, image_id: str) -> list[str]:
        """Return the one table of all images."""
        return [self.table]

    def init_weights(self) -> None:
        """Initialise the weights, now that the table has to be there."""
        table = SubCategories.read(self.table)
        super().init_weights()
        # From scores of a half, all sub-classes are first pushed down at once, which can ruin the
        # features before they tell anything apart.
        nn.init.normal_(self.sub_fc.weight, std=0.01)
        with torch.no_grad():
            self.sub_fc.bias.copy_(torch.from_numpy(table.frequencies()).logit())

    def loss(self, feats: tuple[Tensor, ...], data_samples: list, **kwargs: Any) -> dict:
        """Return ``loss``, ``loss_sub`` and the terms of ``distill``.

        Args:
            feats: The last is float ``(N, C)``.
            data_samples: With ``gt_score`` ``(K + S,)`` or, with shares, ``(K + 2 S,)``.
            **kwargs: For the loss.

        Raises:
            ConfigError: If the labels are not of classes and sub-classes.
        """
        losses = super().loss(feats, data_samples, **kwargs)
        pooled = self.pre_logits(feats)
        logits = self.sub_fc(pooled)
        sub, shares = self._targets(data_samples, logits)
        loss = self.loss_module(logits, sub, avg_factor=len(logits), **kwargs)
        losses['loss_sub'] = self.sub_weight * self.num_classes / self.total * loss
        for term in self.distill:
            if term.kind == 'soft_subclass':
                found = term(logits, shares, self.parents, self.num_classes)
                name = f'loss_{term.kind}'
                losses[name] = losses.get(name, 0) + found
        return {name: term * self.loss_share for name, term in losses.items()}

    @property
    def loss_share(self) -> float:
        """What all terms are multiplied by, those of the maps of a classifier, too."""
        return 1 / (1 + self.sub_weight)

    def _targets(self, samples: Sequence[Any], like: Tensor) -> tuple[Tensor, Tensor]:
        """Return sub-classes and shares, ``(N, S)`` each, the latter ``(N, 0)`` without any."""
        sizes = [self.num_classes + self.total, self.num_classes + 2 * self.total]
        lengths = {len(s.gt_score) if 'gt_score' in s else 0 for s in samples}
        if len(lengths) != 1 or not lengths <= set(sizes):
            raise ConfigError(
                f'wsss.SubCategoryHead needs labels of {self.num_classes} classes and {self.total} '
                f'sub-classes ({sizes[0]} numbers, {sizes[1]} with shares), got '
                f'{sorted(lengths)}. Put wsss.LoadSubCategories with the table of the head '
                f'({self.table}) before PackInputs.'
            )
        scores = torch.stack([sample.gt_score for sample in samples]).to(like)
        rest = scores[:, self.num_classes :]
        return rest[:, : self.total], rest[:, self.total :]
