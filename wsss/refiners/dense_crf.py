# SPDX-License-Identifier: Apache-2.0
"""Dense CRF as a refiner."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from ..checks import check_flag, check_number
from ..errors import ConfigError
from ..registry import REFINERS
from ..structures import ScoreMaps
from .background import Background
from .base import BaseRefiner
from .crf import check_engine, crf_params, make_crf, unary_from_labels, unary_from_scores

# preset -> unary, background power, background score
USUAL = {
    'irn': ('labels', None, 0.15),
    'psa': ('scores', 16.0, None),
    'deeplab': ('scores', 16.0, None),
}


@REFINERS.register_module()
class DenseCRF(BaseRefiner):
    """Fully connected CRF over the classes present in the image, and background.

    P. Krähenbühl, V. Koltun, "Efficient Inference in Fully Connected CRFs with Gaussian Edge
    Potentials", NIPS 2011. The result is soft: probabilities of the classes, and of background in
    ``background``. Where the two are equal lies the threshold 0.5 of one class.

    Args:
        preset: ``irn`` (also C2AM's), ``psa`` or ``deeplab``: kernels, unary and background as
            published; all can be changed by the arguments below.
        unary: ``scores``, or ``labels`` for the best label of each pixel, held to be right with
            ``gt_prob``.
        bg_power: Background score ``(1 - max_k M_k)^bg_power`` where maps have none of their own.
        bg_threshold: A constant background score instead.
        gt_prob: Of ``unary='labels'``.
        normalize: Whether scores of a pixel are divided by their sum. False is PSA's own way,
            which lets them not sum to 1 before they are clipped.
        scale_factor: Below 1 works on a smaller image and gives smaller maps: a preview, about a
            quarter of the time at one half.
        engine: ``lattice`` (no compiled code), ``pydensecrf``, ``exact`` (all pairs of pixels, for
            small images), ``torch`` (the lattice on the device) or ``auto``: ``torch`` on a CUDA
            device, else the fastest that is there.
        **changes: Fields of :class:`wsss.refiners.crf.CRFParams`, such as ``iterations`` or
            ``bilateral_sxy``, in pixels of the original image.

    Raises:
        ConfigError: If a value is not usable, or ``engine`` is not installed.

    Example:
        >>> maps = ScoreMaps(torch.tensor([4]), torch.full((1, 3, 4), 0.9), size=(12, 16))
        >>> refined = DenseCRF('psa', engine='lattice')(np.zeros((12, 16, 3), np.uint8), maps)
        >>> refined.scores.shape, refined.keys.tolist()
        (torch.Size([1, 12, 16]), [4])
    """

    uses_device = True

    def __init__(
        self,
        preset: str = 'psa',
        unary: str | None = None,
        bg_power: float | None = None,
        bg_threshold: float | None = None,
        gt_prob: float = 0.7,
        normalize: bool = True,
        scale_factor: float = 1.0,
        engine: str = 'auto',
        **changes: float,
    ):
        params = crf_params(preset, **changes)
        self.scale_factor = check_number(scale_factor, 'DenseCRF.scale_factor', 0, 1, above=True)
        self.params = params.scaled(self.scale_factor)
        usual, power, threshold = USUAL[preset]
        self.unary = unary or usual
        if self.unary not in ('scores', 'labels'):
            raise ConfigError(f"DenseCRF.unary must be 'scores' or 'labels', got {unary!r}.")
        if bg_power is None and bg_threshold is None:
            bg_power, bg_threshold = power, threshold
        self.background = Background('DenseCRF', bg_power, bg_threshold)
        self.gt_prob = check_number(gt_prob, 'DenseCRF.gt_prob', 0, 1, above=True, below=True)
        self.normalize = check_flag(normalize, 'DenseCRF.normalize')
        self.engine = check_engine(engine)

    def refine(self, image: np.ndarray, maps: ScoreMaps) -> ScoreMaps:
        """Return probabilities at the size of the image, times ``scale_factor``."""
        return self.refine_all(image, [maps])[0]

    def refine_all(self, image: np.ndarray, views: list[ScoreMaps]) -> list[ScoreMaps]:
        """Return probabilities of each view; the lattice is made once."""
        maps = views[0]
        size = tuple(max(round(side * self.scale_factor), 1) for side in maps.size)
        if size != maps.size:
            image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
        crf = make_crf(self.engine, image, len(maps.keys) + 1, self.device)
        refined = []
        for maps in views:
            q = crf.infer(self._unary(maps.resized(size)), self.params)
            q = torch.from_numpy(np.ascontiguousarray(q)).to(self.device)
            refined.append(ScoreMaps(maps.keys, q[1:], maps.size, background=q[0]))
        return refined

    def _unary(self, maps: ScoreMaps) -> np.ndarray:
        """Return energies of background and classes ``(K' + 1, h, w)``."""
        scores = self._scores(maps).cpu().numpy()
        if self.unary == 'labels':
            # nobody's pixels, as beside seeds, get a label that is none: equal energies of all
            labels = np.where(scores.any(axis=0), scores.argmax(axis=0), len(scores))
            return unary_from_labels(labels, len(scores), self.gt_prob)
        return unary_from_scores(scores)

    def _scores(self, maps: ScoreMaps) -> torch.Tensor:
        """Return scores of background and classes ``(K' + 1, h, w)``."""
        scores = self.background.given_to(maps).planes()
        if self.normalize and self.unary == 'scores':
            scores = scores / scores.sum(dim=0).clamp(min=1e-12)
        return scores
