# SPDX-License-Identifier: Apache-2.0
"""A student that learns from what a teacher says."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ...checks import check_choice, check_integers, check_number
from ...errors import ConfigError, DataError
from ...ops.distill import (
    feature_distance,
    logit_divergence,
    relation_distance,
    sub_class_divergence,
)
from ...registry import MODELS

KINDS = ('soft_subclass', 'logit', 'feature', 'relation')


@MODELS.register_module()
class DistillLoss(nn.Module):
    """How far a student is from its teacher; 0 where they agree.

    Distillation after G. Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, in
    forms for images with several labels. Terms with a temperature are multiplied by its square, so
    that gradients keep their size.

    - ``soft_subclass``: for each class of the image, the divergence of the student's softmax over
      the sub-classes from the shares that the teacher's clusters give the image
      (:func:`wsss.ops.distill.sub_class_divergence`).
    - ``logit``: for each class, the divergence of the sigmoid.
    - ``feature``: one minus the cosine of pooled features.
    - ``relation``: squared difference of the cosines of all pairs of the batch; the features need
      not have the same number of channels.

    Args:
        kind: One of these.
        temperature: Above 0; 1 to 4 are common. Not used by ``feature`` and ``relation``.
        loss_weight: Factor of the term, at least 0.
        projection: ``(channels of the student, channels of the teacher)`` of a linear layer that is
            trained with the student, only for ``feature``; None where they are equal.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> import torch
        >>> loss, logits = DistillLoss('logit', temperature=2.0), torch.randn(4, 20)
        >>> loss(logits, logits)
        tensor(0.)
    """

    def __init__(
        self,
        kind: str,
        temperature: float = 1.0,
        loss_weight: float = 1.0,
        projection: Sequence[int] | None = None,
    ):
        super().__init__()
        self.kind = check_choice(kind, 'DistillLoss.kind', KINDS)
        self.temperature = check_number(temperature, 'DistillLoss.temperature', 0, above=True)
        self.loss_weight = check_number(loss_weight, 'DistillLoss.loss_weight', 0)
        self.projection = None
        if projection is not None:
            sizes = check_integers(projection, 'DistillLoss.projection', 1)
            if kind != 'feature' or len(sizes) != 2:
                raise ConfigError(
                    "DistillLoss.projection is (channels of student, of teacher) for kind='feature'"
                    f', got {projection!r} for kind={kind!r}.'
                )
            self.projection = nn.Linear(*sizes, bias=False)

    def forward(
        self,
        student: Tensor,
        teacher: Tensor,
        groups: Tensor | None = None,
        num_groups: int = 0,
    ) -> Tensor:
        """Return the term, a scalar.

        Args:
            student: Logits ``(N, S)`` of sub-classes or ``(N, K)`` of classes, or features
                ``(N, D)``.
            teacher: The same of the teacher; shares ``(N, S)`` for ``soft_subclass``.
            groups: int64 ``(S,)``, class of each sub-class, only for ``soft_subclass``.
            num_groups: How many classes there are.

        Raises:
            ConfigError: If ``projection`` does not fit the student.
            DataError: If the two do not fit each other.
        """
        student, teacher = student.float(), teacher.float().detach()
        if self.projection is not None:
            if student.shape[1] != self.projection.in_features:
                raise ConfigError(
                    f'DistillLoss.projection begins with {self.projection.in_features} channels, '
                    f'the student has {student.shape[1]}. Set projection='
                    f'({student.shape[1]}, {teacher.shape[1]}).'
                )
            student = self.projection(student)
        if self.kind != 'relation' and student.shape != teacher.shape:
            what = 'channels' if self.kind == 'feature' else 'classes'
            raise DataError(
                f'DistillLoss({self.kind!r}): the teacher has {teacher.shape[1]} {what}, the '
                f'student {student.shape[1]}. Take a teacher of the same class list, or, for '
                'features, set projection=(student, teacher).'
            )
        if self.kind == 'soft_subclass':
            term = sub_class_divergence(student, teacher, groups, num_groups, self.temperature)
        elif self.kind == 'logit':
            term = logit_divergence(student, teacher, self.temperature)
        elif self.kind == 'feature':
            term = feature_distance(student, teacher)
        else:
            term = relation_distance(student, teacher)
        return self.loss_weight * term
