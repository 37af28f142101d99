# SPDX-License-Identifier: Apache-2.0
"""The model of a pseudo-label stage: score maps in, label maps out."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.structures import PixelData
from torch import Tensor

from ..errors import ConfigError
from ..ops.best_class import best_class
from ..pseudo_labels.labelers import PseudoLabeler
from ..registry import MODELS, PSEUDO_LABELERS, build
from ..structures import WSSSDataSample
from .per_image_model import PerImageModel


@MODELS.register_module()
class PseudoLabelModel(PerImageModel):
    """Labels score maps on the device of the stage. It has no parameters and cannot be trained.

    Args:
        labeler: Config of a pseudo-labeler.
        class_to_label: The label id of every image-level class; None takes the data set's, which
            :class:`wsss.engine.loops.PseudoLabelLoop` sets.

    Raises:
        ConfigError: If the labeler cannot be built.

    Example:
        >>> model = PseudoLabelModel(dict(type='GlobalThreshold', threshold=0.3), (1, 2))
        >>> maps = ScoreMaps(torch.tensor([1]), torch.tensor([[[0.2, 0.6]]]), size=(1, 2))
        >>> sample = WSSSDataSample(score_maps=maps)
        >>> model.test_step({'data_samples': [sample]})[0].pred_sem_seg.data
        tensor([[[0, 2]]], dtype=torch.uint8)
    """

    def __init__(self, labeler: dict | PseudoLabeler, class_to_label: Sequence[int] | None = None):
        super().__init__()
        self.labeler = build(PSEUDO_LABELERS, labeler, 'model.labeler')
        self.class_to_label = None if class_to_label is None else tuple(class_to_label)

    def predict(self, data_samples: list[WSSSDataSample]) -> list[WSSSDataSample]:
        """Add ``pred_sem_seg`` uint8 ``(1, H, W)`` to the samples."""
        for sample in data_samples:
            label = self.labeler(sample.score_maps, self.labels())
            sample.pred_sem_seg = PixelData(data=label[None])
        return data_samples

    def reduce(self, data: dict) -> list[tuple[WSSSDataSample, Tensor, Tensor]]:
        """Return sample, best label uint8 ``(H, W)`` and its score ``(H, W)`` of every image."""
        samples = self.data_preprocessor(data, False)['data_samples']
        return [(s, *best_class(s.score_maps, self.labels())) for s in samples]

    def labels(self) -> tuple[int, ...]:
        """Return the label id of every image-level class.

        Raises:
            ConfigError: If nobody has given them.
        """
        if self.class_to_label is None:
            raise ConfigError(
                'model.class_to_label is not set. Run the stage with test_cfg = '
                "dict(type='wsss.PseudoLabelLoop'), which takes it from the data set, or set it."
            )
        return self.class_to_label
