# SPDX-License-Identifier: Apache-2.0
"""A background threshold for each label."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...checks import check_unit
from ...errors import ConfigError
from ...ops.best_class import best_class, labels_of_keys
from ...ops.own_threshold import best_reached
from ...registry import PSEUDO_LABELERS
from ...structures import ScoreMaps
from .base import PseudoLabeler

COMPARE = ('score', 'ratio')


@PSEUDO_LABELERS.register_module()
class PerClassThreshold(PseudoLabeler):
    """The best class that reaches the threshold of its label, else background.

    Maps of one network differ in height from class to class; one threshold for all gives some
    classes too much and others too little.

    Args:
        thresholds: In [0, 1], one for each label 1..K; None leaves them to the search of the stage
            (:class:`wsss.pseudo_labels.thresholds.PerClassThresholds`, or any source of a single
            threshold, which then holds for all labels).
        compare: How classes compete for a pixel. ``score``: the highest score wins, then its
            threshold decides, which is what a search of thresholds measures. ``ratio``: the highest
            score divided by threshold wins where it reaches 1, so that a class with low maps can
            win from one with high maps. The two differ only where several classes overlap; on
            VOC, with searched thresholds, ``ratio`` gives such pixels away to the classes of low
            thresholds and is worse than a single threshold.
        threshold: The same for all labels, in place of ``thresholds``.

    Raises:
        ConfigError: For values out of range, or both ``thresholds`` and ``threshold``.

    Example:
        >>> maps = ScoreMaps(torch.tensor([1]), torch.tensor([[[0.2, 0.4]]]), size=(1, 2))
        >>> PerClassThreshold([0.1, 0.3])(maps, class_to_label=(1, 2))
        tensor([[0, 2]], dtype=torch.uint8)
    """

    def __init__(
        self,
        thresholds: Sequence[float] | None = None,
        compare: str = 'score',
        threshold: float | None = None,
    ):
        if compare not in COMPARE:
            raise ConfigError(
                f'PerClassThreshold.compare must be one of {", ".join(COMPARE)}, got {compare!r}'
            )
        if thresholds is not None and threshold is not None:
            raise ConfigError(
                'PerClassThreshold takes thresholds, one for each label, or one threshold for all, '
                f'not both; got thresholds={thresholds}, threshold={threshold}'
            )
        if thresholds is not None:
            name = 'PerClassThreshold.thresholds'
            if isinstance(thresholds, (str, bytes)) or not isinstance(thresholds, Sequence):
                raise ConfigError(f'{name} must be a list of numbers, got {thresholds!r}')
            values = [check_unit(value, f'{name}[{i}]') for i, value in enumerate(thresholds)]
            if not values:
                raise ConfigError(f'{name} needs a number for each label, got {thresholds!r}')
            thresholds = tuple(values)
        self.thresholds = thresholds
        self.compare = compare
        self.threshold = check_unit(threshold, 'PerClassThreshold.threshold', optional=True)

    @property
    def searchable(self) -> bool:
        """True unless every label has its threshold already."""
        return self.thresholds is None

    def __call__(self, maps: ScoreMaps, class_to_label: Sequence[int]) -> Tensor:
        """Label one image; see :meth:`PseudoLabeler.__call__`.

        Raises:
            ConfigError: If there is no threshold for a label of the image.
        """
        if self.compare == 'ratio':
            labels = labels_of_keys(maps.keys, class_to_label)
            own = self._table(labels, max(class_to_label, default=0))[labels.long()]
            device = maps.scores.device
            return best_reached(maps.resized().scores, own, labels.to(device), ratio=True)
        label, score = best_class(maps, class_to_label)
        table = self._table(label, max(class_to_label, default=0)).to(score)
        return label.masked_fill(score < table[label.int()], 0)

    def _table(self, labels: Tensor, last: int) -> Tensor:
        """Return the threshold by label id, float64; that of 0, the background, is 0."""
        if self.thresholds is None:
            values = [self.needs_threshold()] * last
        else:
            values = list(self.thresholds)
        if labels.numel() and int(labels.max()) > len(values):
            raise ConfigError(
                f'PerClassThreshold.thresholds has {len(values)} thresholds, the image a class '
                f'with the label {int(labels.max())}. Give one threshold for each label 1..{last}.'
            )
        return torch.tensor([0.0, *values], dtype=torch.float64)

    def with_threshold(self, value: float) -> PerClassThreshold:
        """Return a labeler with the threshold ``value`` for all labels."""
        if not self.searchable:
            return super().with_threshold(value)
        return PerClassThreshold(compare=self.compare, threshold=value)

    def with_thresholds(self, values: Sequence[float]) -> PerClassThreshold:
        """Return a labeler with the thresholds ``values`` of the labels 1..K."""
        return PerClassThreshold(tuple(values), self.compare)

    def describe(self) -> dict:
        """Return the thresholds in use."""
        return {
            'type': 'PerClassThreshold',
            'compare': self.compare,
            'threshold': self.threshold,
            'thresholds': None if self.thresholds is None else list(self.thresholds),
        }
