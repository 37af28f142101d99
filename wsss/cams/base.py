# SPDX-License-Identifier: Apache-2.0
"""The base of all class activation maps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ConfigError, DataError, near_matches
from ..ops.normalize import LOGIT_NORMALIZATIONS, check_normalization, normalize_maps
from ..ops.tokens import check_layout, to_feature_maps
from ..structures import ScoreMaps
from .layers import check_layer, find_layers
from .observation import Observation, observe

MERGES = ('mean', 'max')


class BaseCAM(ABC):
    """Maps of the regions that speak for a class, for a batch of images and their classes.

    A subclass says in :meth:`explain` how maps follow from what one forward pass shows; running
    the classifier, cutting at the layer, ReLU and normalisation are done here.

    Args:
        layer: Dotted path of the layer whose output is explained, such as ``backbone.layer4`` or
            ``backbone.layer4.-1``, or a list of them. None means the last feature map of the
            backbone; of a vision transformer that hands on its class token, the first norm of its
            last block.
        norm: How a map is brought to [0, 1]: ``max``, ``minmax``, ``quantile`` or ``none``, after
            ReLU; ``sigmoid`` or ``softmax`` (with a background of logit 0, kept in the maps'
            ``background``) where maps are logits of each cell; ``shares`` where maps are those of
            a softmax over classes and a background that was learnt: they stay as they are, and
            what the classes of an image leave is its ``background``. See
            :func:`wsss.ops.normalize.normalize_maps`.
        eps: Added to the denominator of ``norm``.
        quantile: Of ``norm='quantile'``.
        merge: How maps of several layers become one: each is normalised, resized (bilinear) to the
            finest of them, then ``mean`` or ``max`` is taken.
        layout: How a layer's output is to be read: ``auto``, ``channels_first`` or
            ``channels_last``, see :func:`wsss.ops.tokens.to_feature_maps`.
        patch_size: Pixels of one token in each direction; None finds it from their number.

    Raises:
        ConfigError: If an argument is not usable.
    """

    # whether maps before ReLU are logits of each cell
    gives_logits = False
    # whether maps can be shares of a softmax that knows a background
    gives_shares = False

    def __init__(
        self,
        layer: str | Sequence[str] | None = None,
        norm: str = 'max',
        eps: float = 1e-5,
        quantile: float = 0.995,
        merge: str = 'mean',
        layout: str = 'auto',
        patch_size: int | None = None,
    ):
        self.layer = check_layer(layer)
        self.norm = check_normalization(norm, 'cam.norm')
        self.layout = check_layout(layout, 'cam.layout')
        if not eps >= 0:
            raise ConfigError(f'cam.eps must be at least 0, got {eps}.')
        if not 0 < quantile <= 1:
            raise ConfigError(f'cam.quantile must be in (0, 1], got {quantile}.')
        if merge not in MERGES:
            raise ConfigError(
                f'cam.merge={merge!r} is unknown.{near_matches(str(merge), MERGES)} '
                f'Allowed: {", ".join(MERGES)}.'
            )
        if patch_size is not None and not (isinstance(patch_size, int) and patch_size > 0):
            raise ConfigError(f'cam.patch_size must be a positive number, got {patch_size!r}.')
        if self.uses_logits and not self.gives_logits:
            raise ConfigError(
                f'cam.norm={norm!r} is for maps that are logits, those of {type(self).__name__} '
                "are not. Use CAM, or norm='max'."
            )
        if norm == 'shares' and not self.gives_shares:
            raise ConfigError(
                f"cam.norm='shares' is for maps of a softmax with a background, those of "
                f"{type(self).__name__} are not. Use SoftmaxCAM, or norm='max'."
            )
        if self.averages and isinstance(self.layer, tuple):
            raise ConfigError(
                f"cam.norm={norm!r} works on one layer, got {self.layer}. Use norm='max'."
            )
        self.eps = eps
        self.quantile = quantile
        self.merge = merge
        self.patch_size = patch_size

    @property
    def uses_logits(self) -> bool:
        """Whether maps keep their negative values because ``norm`` reads them as logits."""
        return self.norm in LOGIT_NORMALIZATIONS

    @property
    def averages(self) -> bool:
        """Whether maps of several views are averaged, as their values mean something."""
        return self.uses_logits or self.norm == 'shares'

    @abstractmethod
    def explain(self, observation: Observation, rows: Tensor, classes: Tensor) -> Tensor:
        """Return one map per pair of image and class.

        Args:
            observation: What the forward pass showed. Called without gradients enabled.
            rows: int64 ``(M,)``, ascending, which image of the batch.
            classes: int64 ``(M,)``, which class.

        Returns:
            float ``(M, h, w)``; negative values are cut by the caller.
        """

    def reshape(self, features: Tensor, size: tuple[int, int]) -> Tensor:
        """Turn a layer's output into feature maps ``(N, C, h, w)``.

        Override it for layers that :func:`wsss.ops.tokens.to_feature_maps` cannot read. It is
        applied to gradients too, so it may only rearrange and drop values.

        Args:
            features: What the layer gives.
            size: ``(H, W)`` of the images in pixels.
        """
        where = f'cam.layer={self.layer!r}'
        return to_feature_maps(features, size, self.layout, self.patch_size, where)

    def normalize(self, maps: Tensor) -> Tensor:
        """Normalise the maps ``(K', h, w)`` of an image; a blank map stays blank."""
        return normalize_maps(maps, self.norm, self.eps, self.quantile)

    def to_score_maps(
        self, ids: Tensor, maps: Tensor, size: tuple[int, int], normalized: bool = False
    ) -> ScoreMaps:
        """Normalise the maps ``(K', h, w)`` of an image and name them.

        Args:
            ids: Integer ``(K',)``, strictly increasing.
            maps: As :meth:`raw_maps` returns them.
            size: ``(H, W)`` of the image in pixels.
            normalized: Whether ``maps`` are normalised already.
        """
        scores = maps if normalized else self.normalize(maps)
        background = None
        if self.norm in ('softmax', 'shares'):
            background = (1 - scores.sum(dim=0)).clamp(0, 1)
        return ScoreMaps(torch.as_tensor(ids).to(maps.device), scores, size, background)

    def raw_maps(
        self, classifier: nn.Module, images: Tensor, classes: Sequence[Tensor]
    ) -> list[Tensor]:
        """Return maps after ReLU, not normalised, of all given classes in one pass.

        Those of several layers are normalised before they are merged; those that ``norm`` reads as
        logits are not cut by ReLU.

        Args:
            classifier: ``images -> logits (N, K)``: an mmpretrain classifier, or any module.
            images: Normalised images ``(N, 3, H, W)``.
            classes: For each image int64 ``(K',)``, the 0-based ids to explain; may be empty.

        Returns:
            For each image float ``(K', h, w)`` on the device of the images, in the given order.

        Raises:
            ConfigError: If the layer does not exist or does not fit.
            DataError: If a class id is out of range.
        """
        if images.ndim != 4 or len(images) != len(classes):
            raise ValueError(
                f'images must be (N, 3, H, W) with one tensor of classes each, got '
                f'{tuple(images.shape)} and {len(classes)} tensors'
            )
        counts = [len(ids) for ids in classes]
        layers = find_layers(classifier, self.layer)
        with observe(classifier, images, layers, self.reshape) as observations:
            num_classes = observations[0].logits.shape[1]
            # as a list: on a few numbers each operation of a tensor costs more than all of this
            wanted = [i for ids in classes for i in torch.as_tensor(ids).tolist()]
            if wanted and not 0 <= min(wanted) <= max(wanted) < num_classes:
                raise DataError(
                    f'class ids {sorted(set(wanted))} to explain are outside 0..'
                    f'{num_classes - 1}, the outputs of {type(classifier).__name__}. Check '
                    'num_classes of its head against the data set.'
                )
            rows = [i for i, count in enumerate(counts) for _ in range(count)]
            pairs = torch.tensor([rows, wanted], dtype=torch.int64)
            maps = self._merged([self._explain(one, *pairs) for one in observations])
        return list(maps.split(counts))

    def _explain(self, observation: Observation, rows: Tensor, classes: Tensor) -> Tensor:
        if len(rows) == 0:
            return observation.activations.new_zeros(0, *observation.activations.shape[2:])
        maps = self.explain(observation, rows, classes)
        return maps if self.uses_logits else maps.relu()

    def _merged(self, maps: list[Tensor]) -> Tensor:
        """Bring the maps ``(M, h, w)`` of each layer together on the finest grid."""
        if len(maps) == 1:
            return maps[0]
        size = max((tuple(own.shape[1:]) for own in maps), key=lambda grid: grid[0] * grid[1])
        if len(maps[0]) == 0:
            return maps[0].new_zeros(0, *size)
        stack = torch.stack(
            [
                F.interpolate(
                    self.normalize(own)[None], size, mode='bilinear', align_corners=False
                )[0]
                for own in maps
            ]
        )
        return stack.mean(dim=0) if self.merge == 'mean' else stack.amax(dim=0)

    def __call__(
        self, classifier: nn.Module, images: Tensor, classes: Sequence[Tensor]
    ) -> list[ScoreMaps]:
        """Return normalised maps of one view of each image.

        Args:
            classifier: As in :meth:`raw_maps`.
            images: As in :meth:`raw_maps`.
            classes: As in :meth:`raw_maps`, strictly increasing.

        Returns:
            For each image its maps, in [0, 1] unless ``norm`` is ``none``, with the size of
            ``images``.
        """
        raw = self.raw_maps(classifier, images, classes)
        size = tuple(images.shape[2:])
        return [self.to_score_maps(ids, maps, size) for ids, maps in zip(classes, raw)]
