# SPDX-License-Identifier: Apache-2.0
"""ECS: look again with the first find erased."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..checks import check_choice, check_integer, check_number, check_unit
from ..ops.erase import FILLINGS, JOINS, erase, fill_images, is_found, join_maps
from ..ops.normalize import normalize_maps
from ..registry import CAMS, build
from .base import BaseCAM
from .observation import Observation

REFERENCE_PX = 224
PROBABILITIES = ('softmax', 'sigmoid')


@CAMS.register_module()
class ECS(BaseCAM):
    """Maps of an image, completed by those of the image without its strongest regions.

    What a classifier looks at first hides what it could look at as well. For each class by itself:
    ``M`` is its map, ``E = [M > delta]`` is erased from the image, ``M'`` is the map of the same
    class there, and ``M'`` adds what it finds outside of ``E``: where ``N = [max_c M'_c > theta]
    and not E``.

    The idea, erasing what a CAM has found and learning from the rest, is that of ECS-Net (Sun et
    al., "ECS-Net: Improving Weakly Supervised Semantic Segmentation by Using Connections Between
    Class Activation Maps", ICCV 2021), which trains with it; its losses, thresholds and way of
    erasing are not public. The rule ``where(N, M', M)`` at test time, with ``combine='where'``,
    ``delta=0.5, theta=0.8, sigma_px=20`` on one scale of 224 pixels and a threshold of 0.05
    afterwards, is that of a `public project
    <https://github.com/JiakangC/Ensembled-Weakly-Supervised-Segmentation>`_. Ours are: classes of
    the image label, several of them, the other ways to erase and to combine, and several steps.

    ``M`` and ``M'`` are each divided by their maximum before they are compared, and the result is
    multiplied by the maximum of ``M``: after erasing, responses are weaker and their scale says
    little, and the sum over scales and mirror images keeps the weights it has without ECS.

    A step is one more forward pass, with one image for each pair of image and class; blurred images
    are made once for all classes. Memory grows with the pairs: lower ``fusion.max_batch`` where
    images have many classes.

    Args:
        cam: Which maps: a dict with a ``type`` of the registry ``CAMS``, not with ``norm``
            ``sigmoid`` or ``softmax``; None is ``CAM``. Its normalisation is that of the result.
        delta: A region is erased where its map, in [0, 1], is above this, in [0, 1).
        theta: A map of the erased image counts where the best of its image's classes is above this,
            in [0, 1].
        erase: What erased pixels become, ``blur``, ``mean``, ``zero`` or ``noise``, see
            :func:`wsss.ops.erase.fill_images`.
        sigma_px: Of ``blur``: standard deviation in pixels of an image whose shorter side is 224;
            larger and smaller views are blurred in proportion.
        combine: ``max``, ``where`` or ``sum_clip``, see :func:`wsss.ops.erase.join_maps`.
        n_steps: How often the strongest regions, of the last map each time, are erased as well.
        p_min: A map of an erased image counts, and further steps are taken, only where the
            classifier still gives the class a probability of this, in [0, 1]. 0 asks for none.
        probability: How logits become probabilities: ``softmax``, or ``sigmoid`` where the
            classifier was trained with several classes in an image.

    Raises:
        ConfigError: If an argument is not usable.

    Example:
        >>> from torchvision.models import resnet18
        >>> ecs = ECS(cam=dict(type='GradCAM', layer='layer4'), delta=0.6)
        >>> maps = ecs(resnet18(), torch.rand(1, 3, 64, 64), [torch.tensor([3, 7])])
        >>> maps[0].scores.shape
        torch.Size([2, 2, 2])
    """

    def __init__(
        self,
        cam: dict | BaseCAM | None = None,
        delta: float = 0.5,
        theta: float = 0.8,
        erase: str = 'blur',
        sigma_px: float = 20.0,
        combine: str = 'max',
        n_steps: int = 1,
        p_min: float = 0.0,
        probability: str = 'softmax',
    ):
        self.cam = build(CAMS, dict(type='CAM') if cam is None else cam, 'cam.cam')
        inner = self.cam
        # the norm of logits is refused there
        super().__init__(layer=inner.layer, norm=inner.norm)
        self.delta = check_number(delta, 'cam.delta', 0, 1, below=True)
        self.theta = check_unit(theta, 'cam.theta')
        self.erase = check_choice(erase, 'cam.erase', FILLINGS)
        self.sigma_px = check_number(sigma_px, 'cam.sigma_px', 0, above=True)
        self.combine = check_choice(combine, 'cam.combine', JOINS)
        self.n_steps = check_integer(n_steps, 'cam.n_steps', 1)
        self.p_min = check_unit(p_min, 'cam.p_min')
        self.probability = check_choice(probability, 'cam.probability', PROBABILITIES)

    def explain(self, observation: Observation, rows: Tensor, classes: Tensor) -> Tensor:
        """Return the maps of the image as it is."""
        return self.cam.explain(observation, rows, classes)

    def normalize(self, maps: Tensor) -> Tensor:
        """Normalise as the inner CAM does."""
        return self.cam.normalize(maps)

    def raw_maps(
        self, classifier: nn.Module, images: Tensor, classes: Sequence[Tensor]
    ) -> list[Tensor]:
        """Return completed maps after ReLU, not normalised; see :meth:`BaseCAM.raw_maps`."""
        first = self.cam.raw_maps(classifier, images, classes)
        maps, counts = torch.cat(first), [len(own) for own in first]
        if len(maps) == 0:
            return first
        rows = [image for image, count in enumerate(counts) for _ in range(count)]
        rows = torch.tensor(rows, device=maps.device)
        ids = torch.cat([torch.as_tensor(own, dtype=torch.int64) for own in classes])
        scores = self._completed(classifier, images, rows, ids.to(maps.device), _to_unit(maps))
        return list((scores * maps.amax(dim=(1, 2), keepdim=True)).split(counts))

    def _completed(
        self, classifier: nn.Module, images: Tensor, rows: Tensor, ids: Tensor, maps: Tensor
    ) -> Tensor:
        """Return ``maps`` ``(M, h, w)`` in [0, 1] joined with those of the erased images.

        Args:
            classifier: As in :meth:`raw_maps`.
            images: As in :meth:`raw_maps`.
            rows: int64 ``(M,)``, image of each map.
            ids: int64 ``(M,)``, class of each map.
            maps: Of the images as they are.
        """
        size = tuple(images.shape[2:])
        filling = fill_images(images, self.erase, self.sigma_px * min(size) / REFERENCE_PX)
        scores, latest = maps.clone(), maps
        cells = torch.zeros_like(maps, dtype=torch.bool)
        pixels = cells.new_zeros(len(maps), *size)
        active = torch.arange(len(maps), device=maps.device)
        for _ in range(self.n_steps):
            cells[active] |= latest > self.delta
            pixels[active] |= _resized(latest, size) > self.delta
            own = rows[active]
            erased = erase(images[own], filling[own], pixels[active])
            latest, probabilities = self._look(classifier, erased, ids[active])
            sure = probabilities >= self.p_min
            active, latest = active[sure], latest[sure]
            found = is_found(latest, cells[active], rows[active], self.theta)
            scores[active] = join_maps(scores[active], latest, found, self.combine)
            if not len(active):
                break
        return scores

    def _look(self, classifier: nn.Module, images: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Return map in [0, 1] and probability of one class of each image."""
        with _outputs(classifier) as outputs:
            maps = torch.cat(self.cam.raw_maps(classifier, images, ids.split(1)))
        logits = outputs[-1].detach().float()
        values = logits.softmax(dim=1) if self.probability == 'softmax' else logits.sigmoid()
        return _to_unit(maps), values.gather(1, ids[:, None])[:, 0]


@contextmanager
def _outputs(module: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what a module returns, so that logits need no pass of their own."""
    outputs: list[Tensor] = []
    handle = module.register_forward_hook(lambda module, args, output: outputs.append(output))
    try:
        yield outputs
    finally:
        handle.remove()


def _to_unit(maps: Tensor) -> Tensor:
    """Divide each map by its maximum; blank maps stay blank."""
    return normalize_maps(maps, 'max', eps=0.0)


def _resized(maps: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(maps[None], size, mode='bilinear', align_corners=False)[0]
