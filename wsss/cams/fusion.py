# SPDX-License-Identifier: Apache-2.0
"""One map per class from several scales and the mirror image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import ConfigError
from ..structures import ScoreMaps
from .base import BaseCAM

CPU_PIXELS = 600_000
ACCELERATOR_PIXELS = 8_000_000


def grid_size(size: tuple[int, int], stride: int = 4) -> tuple[int, int]:
    """Return ``((H - 1) // stride + 1, (W - 1) // stride + 1)``, the size maps are stored at."""
    return (size[0] - 1) // stride + 1, (size[1] - 1) // stride + 1


@dataclass(frozen=True)
class ViewFusion:
    """Sum the maps of all views of an image, then normalise once per class.

    Maps after ReLU, not normalised, of all scales and their mirror images are brought to one grid
    (bilinear) and summed; one normalisation per class follows: the rule of PSA (Ahn and Kwak, CVPR
    2018) and IRN (Ahn et al., CVPR 2019). A mirror image's map is turned back before it is added.

    Where ``cam.norm`` reads maps as logits (``sigmoid``, ``softmax``) or as ``shares`` they are
    averaged instead of summed, so that the number of views does not matter.

    Views of equal size are run together, whatever image and scale they come from, and always with
    their mirror images.

    Args:
        flip: Add the mirror image of every view.
        norm: ``after``: normalise the sum. ``before``: normalise each map as well, so that weak
            responses at one scale count as much as strong ones at another. Probabilities (of
            ``sigmoid``, ``softmax``) and ``shares`` are only averaged then.
        stride: The common grid has one cell for so many pixels of the original image.
        max_batch: How many images, mirror images counted, are run at once.
        max_pixels: How many pixels are run at once, but at least one view with its mirror image:
            memory grows with them, and on a CPU large batches of large views leave the caches. None
            is 600,000 on a CPU, 8 million on an accelerator.

    Raises:
        ConfigError: If an argument is not usable.

    Example:
        >>> from torchvision.models import resnet18
        >>> from wsss.cams import CAM
        >>> views = [[torch.rand(3, 64, 96), torch.rand(3, 32, 48)]]
        >>> maps = ViewFusion()(CAM('layer4'), resnet18(), views, [torch.tensor([7])], [(64, 96)])
        >>> maps[0].scores.shape
        torch.Size([1, 16, 24])
    """

    flip: bool = True
    norm: str = 'after'
    stride: int = 4
    max_batch: int = 32
    max_pixels: int | None = None

    def __post_init__(self):
        if self.norm not in ('after', 'before'):
            raise ConfigError(f"fusion.norm must be 'after' or 'before', got {self.norm!r}.")
        if self.stride < 1:
            raise ConfigError(f'fusion.stride must be at least 1, got {self.stride}.')
        if self.max_batch < 1 + self.flip:
            raise ConfigError(
                f'fusion.max_batch must be at least {1 + self.flip}'
                f'{" (an image and its mirror image)" if self.flip else ""}, got {self.max_batch}.'
            )
        if self.max_pixels is not None and self.max_pixels < 1:
            raise ConfigError(f'fusion.max_pixels must be at least 1, got {self.max_pixels}.')

    def __call__(
        self,
        cam: BaseCAM,
        classifier: nn.Module,
        views: Sequence[Sequence[Tensor]],
        classes: Sequence[Tensor],
        sizes: Sequence[tuple[int, int]],
        prepare: Callable[[Tensor], Tensor] = Tensor.float,
    ) -> list[ScoreMaps]:
        """Return the fused maps of every image.

        Args:
            cam: Which maps.
            classifier: ``images -> logits``.
            views: For each image its views ``(3, h, w)``, RGB; sizes may differ.
            classes: For each image int64 ``(K',)``, strictly increasing; may be empty.
            sizes: ``(H, W)`` of each original image.
            prepare: Turns a stack of views ``(n, 3, h, w)`` into the classifier's input (device,
                type, mean and standard deviation).

        Returns:
            For each image scores float32 ``(K', h, w)`` on the grid of ``stride``, in [0, 1].
        """
        sums = self._sum(cam, classifier, views, classes, sizes, prepare)
        result = []
        for ids, size, total, own in zip(classes, sizes, sums, views):
            ids = torch.as_tensor(ids, dtype=torch.int64)
            if total is None:
                total = torch.zeros(len(ids), *grid_size(size, self.stride))
            if cam.averages:
                total = total / (len(own) * (1 + self.flip))
            done = cam.averages and self.norm == 'before'
            result.append(cam.to_score_maps(ids, total, size, normalized=done))
        return result

    def _sum(self, cam, classifier, views, classes, sizes, prepare) -> list[Tensor | None]:
        """Return the sum over views of each image, or None where it has no class."""
        groups: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for image, own in enumerate(views):
            if len(classes[image]):
                for scale, view in enumerate(own):
                    groups[tuple(view.shape[-2:])].append((image, scale))
        sums: list[Tensor | None] = [None] * len(views)
        device = next((parameter.device.type for parameter in classifier.parameters()), 'cpu')
        pixels = self.max_pixels or (CPU_PIXELS if device == 'cpu' else ACCELERATOR_PIXELS)
        for (height, width), members in groups.items():
            fitting = min(self.max_batch, pixels // (height * width))
            step = max(1, fitting // (1 + self.flip))
            for start in range(0, len(members), step):
                part = members[start : start + step]
                batch = prepare(torch.stack([views[image][scale] for image, scale in part]))
                wanted = [classes[image] for image, _ in part]
                for (image, _), maps in zip(part, self._maps(cam, classifier, batch, wanted)):
                    target = grid_size(sizes[image], self.stride)
                    resized = F.interpolate(
                        maps[None], target, mode='bilinear', align_corners=False
                    )[0]
                    sums[image] = resized if sums[image] is None else sums[image] + resized
        return sums

    def _maps(self, cam, classifier, batch: Tensor, wanted: list[Tensor]) -> list[Tensor]:
        """Return float32 maps of a batch of views, those of the mirror images added."""
        if self.flip:
            batch, wanted = torch.cat([batch, batch.flip(-1)]), wanted * 2
        maps = [raw.float() for raw in cam.raw_maps(classifier, batch, wanted)]
        if self.norm == 'before':
            maps = [cam.normalize(raw) for raw in maps]
        if not self.flip:
            return maps
        half = len(maps) // 2
        # resizing commutes with turning, so one resize does for both
        return [plain + turned.flip(-1) for plain, turned in zip(maps[:half], maps[half:])]
