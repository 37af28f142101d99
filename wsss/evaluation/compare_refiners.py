# SPDX-License-Identifier: Apache-2.0
"""Refiners side by side, on one set of stored maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch.utils.data import DataLoader

from ..engine.functions import seed_worker
from ..errors import DataError
from ..ops.confusion import iou
from ..pseudo_labels.thresholds import DEFAULT_GRID, HeldOutThreshold, OracleThreshold
from .refined_images import RefinedImage, RefinedImages
from .threshold_curve import ThresholdCurve

MAX_NAMES = 50


@dataclass
class Figures:
    """What a refiner is worth at one threshold, on the reported images.

    Args:
        protocol: ``held_out`` or ``oracle``, who chose the threshold.
        threshold: In [0, 1].
        miou: Percent.
        ious: Percent by label, NaN for one that does not occur.
    """

    protocol: str
    threshold: float
    miou: float
    ious: list[float]


@dataclass
class Comparison:
    """Threshold curves and times of all refiners.

    Args:
        names: Of the refiners, the maps themselves first.
        num_labels: K+1.
    """

    names: list[str]
    num_labels: int
    curves: dict[str, ThresholdCurve] = field(init=False)
    seconds: dict[str, float] = field(init=False)
    problems: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self):
        self.curves = {name: ThresholdCurve(DEFAULT_GRID, self.num_labels) for name in self.names}
        self.seconds = {}

    def add(self, image: RefinedImage) -> None:
        """Add one image, of which only sums are kept."""
        if image.problem:
            self.problems[image.info['image_id']] = image.problem
            return
        for name, (label, score) in image.refined.items():
            self.curves[name].update(image.truth, label, score, image.info['held_out'])
            if name in image.seconds:
                self.seconds[name] = self.seconds.get(name, 0.0) + image.seconds[name]

    def num_images(self, part: str = 'all') -> int:
        """Return how many images were used, see :class:`ThresholdCurve`."""
        return self.curves[self.names[0]].num_images(part)

    def problem_line(self) -> str:
        """Return how many images were left out, which, and why the first was."""
        names, total = list(self.problems), len(self.problems) + self.num_images()
        more = f' and {len(names) - MAX_NAMES} more' if len(names) > MAX_NAMES else ''
        return (
            f'{len(names)} of {total} images are left out of all figures: '
            f'{", ".join(names[:MAX_NAMES])}{more}. The first: {self.problems[names[0]]}'
        )

    def facts(self) -> dict[str, object]:
        """Return what all figures share: the way to count, and the images counted."""
        return dict(
            metric='M0',
            images=self.num_images('rest'),
            held_out_images=self.num_images('held_out'),
            images_left_out=len(self.problems),
        )

    def figures(self, name: str) -> list[Figures]:
        """Return the figures of a refiner, those at the held-out threshold first, if there is one.

        Raises:
            ConfigError: If no reported image is left.
        """
        curve = self.curves[name]
        sources = [HeldOutThreshold()] if curve.num_images('held_out') else []
        found = []
        for source in [*sources, OracleThreshold()]:
            threshold = source.choose(curve).value
            confusion = curve.confusions('rest')[curve.thresholds.tolist().index(threshold)]
            ious = (100 * iou(confusion)).tolist()
            miou = curve.at(threshold, 'rest')
            found.append(Figures(source.protocol, threshold, miou, ious))
        return found

    def seconds_per_image(self, name: str) -> float | None:
        """Return the mean time of a refiner in one process; None for maps that were read."""
        return self.seconds[name] / self.num_images() if name in self.seconds else None


def compare_refiners(
    images: RefinedImages,
    num_labels: int,
    workers: int = 2,
    seen: Callable[[int, RefinedImage], Any] = lambda done, image: None,
) -> Comparison:
    """Send all images through all refiners and sum up what came out.

    Images are dropped as soon as they are counted: the memory does not grow with their number. An
    image that cannot be used is left out of all figures and is in ``problems``.

    Args:
        images: Images and refiners.
        num_labels: K+1.
        workers: Processes that refine; 0 uses none but this one.
        seen: Called with the number of images done and each image.

    Raises:
        DataError: If no image can be used.
    """
    comparison = Comparison(images.names, num_labels)
    loader = DataLoader(images, batch_size=None, num_workers=workers, worker_init_fn=seed_worker)
    for done, image in enumerate(loader, 1):
        comparison.add(image)
        seen(done, image)
    if not comparison.num_images():
        raise DataError(f'nothing to compare: {comparison.problem_line()}')
    return comparison
