# SPDX-License-Identifier: Apache-2.0
"""CAM of the sub-classes of each class."""

from __future__ import annotations

from torch import Tensor, nn

from ..errors import ConfigError
from ..registry import CAMS
from .cam import CAM
from .linear import class_weighted
from .observation import Observation


@CAMS.register_module()
class SubCategoryCAM(CAM):
    """The strongest of the maps of a class's sub-classes at each cell.

    ``M_c(p) = max_j ReLU(sum_k w_jk A_k(p))`` over the sub-classes ``j`` of ``c``, brought to
    [0, 1] together: a weak sub-class stays weak beside a strong one. The layer is that of the
    sub-classes in :class:`wsss.models.SubCategoryHead` (Y.-T. Chang et al., "Weakly-Supervised
    Semantic Segmentation via Sub-category Exploration", CVPR 2020, whose maps are those of the
    classes; its code makes these as well). The maximum is taken in each view and the views are
    summed after it; that code sums the views of each sub-class first.

    A class without sub-classes, which no image had when they were made, has its own map.

    Args:
        layer: As in :class:`BaseCAM`.
        norm: As in :class:`BaseCAM`, but not ``sigmoid`` or ``softmax``.
        eps: As in :class:`BaseCAM`.
        quantile: As in :class:`BaseCAM`.
        merge: As in :class:`BaseCAM`.
        layout: As in :class:`BaseCAM`.
        patch_size: As in :class:`BaseCAM`.

    Example:
        >>> cams = dict(
        ...     load_from='@classifier1/weights.pth',
        ...     model=dict(_ref_='@classifier1.model', cam=dict(type='wsss.SubCategoryCAM')))
    """

    gives_logits = False

    def explain(self, observation: Observation, rows: Tensor, classes: Tensor) -> Tensor:
        """Return ``max_j sum_k w_jk A_k`` for each pair of image and class.

        Raises:
            ConfigError: If the classifier has no sub-classes.
        """
        own = super().explain(observation, rows, classes)
        head = getattr(observation.classifier, 'head', None)
        layer = getattr(head, 'sub_fc', None)
        if not isinstance(layer, nn.Linear):
            raise ConfigError(
                'SubCategoryCAM needs a classifier with sub-classes (wsss.SubCategoryHead and its '
                f'table), and {type(head).__name__} has none. Take load_from and model of a round, '
                "such as '@classifier1/weights.pth' and '@classifier1.model', or use CAM."
            )
        member = classes[:, None] == head.parents.to(classes.device)
        pairs, subs = member.nonzero(as_tuple=True)
        if not len(pairs):
            return own
        weight = layer.weight.detach().to(own.dtype)
        maps = class_weighted(observation.activations, weight, rows[pairs], subs)
        found = member.any(dim=1)[:, None, None].to(own.device)
        index = pairs[:, None, None].to(own.device).expand_as(maps)
        return own.masked_fill(found, -float('inf')).scatter_reduce(0, index, maps, 'amax')
