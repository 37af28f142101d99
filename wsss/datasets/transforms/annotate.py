# SPDX-License-Identifier: Apache-2.0
"""The bases of transforms that bring weak labels other than image labels."""

from __future__ import annotations

import zlib
from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from ...checks import check_flag, check_integer
from ...errors import ConfigError, DataError
from ...structures import Annotation
from ..base import SIMULATED
from ..label_classes import mask_to_classes
from .load_mask import LoadMask


class AnnotationTransform(BaseTransform):
    """Adds a field to ``annotation`` of an image: override :meth:`annotate`.

    Comes after ``LoadImage``. Several of them may follow one another. ``annotation_source`` of the
    results says where the annotation comes from, and so does the record of the stage.

    Args:
        allow_missing: Leave a class of the image of which nothing is marked without it: its map
            will be blank, its pixels background or ignored. False refuses such images.
    """

    field: str = ''
    """The field of the annotation that must mark every class of the image."""

    def __init__(self, allow_missing: bool = False):
        self.allow_missing = check_flag(allow_missing, f'{type(self).__name__}.allow_missing')

    @abstractmethod
    def annotate(self, results: dict) -> dict[str, Any]:
        """Return fields of :class:`wsss.structures.Annotation`."""

    def source(self, shared: dict) -> str:
        """Return the name of what is used, for records.

        Args:
            shared: What the data set says of all its images.
        """
        return self.field

    def transform(self, results: dict) -> dict:
        """Add the fields.

        Raises:
            DataError: If the annotation is missing or cannot be used; the message names the image.
        """
        name = type(self).__name__
        for key, how in (
            ('ori_shape', 'put wsss.LoadImage before it'),
            ('class_to_label', 'use it in the pipeline of a data set of this package'),
        ):
            if key not in results:
                raise ConfigError(f'{name} needs {key!r}: {how}.')
        before = results.get('annotation') or Annotation(
            tuple(results['ori_shape']), results['gt_label'], image=results.get('img')
        )
        try:
            annotation = replace(before, **self.annotate(results))
            self._check_complete(annotation, results['image_classes'])
        except DataError as error:
            raise DataError(f'image {results["image_id"]!r}: {name}: {error}') from error
        results['annotation'] = annotation
        sources = (results.get('annotation_source'), self.source(results))
        results['annotation_source'] = ', '.join(filter(None, sources))
        return results

    def _check_complete(self, annotation: Annotation, names: tuple[str, ...]) -> None:
        if self.allow_missing or not self.field:
            return
        missing = sorted({*annotation.labels} - annotation.marked(self.field))
        if missing:
            raise DataError(
                f'there are no {self.field} of {", ".join(names[i] for i in missing)}, which the '
                'image shows. Add them, take the image out of the list, or set allow_missing=True, '
                'which gives a blank map.'
            )


class SimulatedAnnotation(AnnotationTransform):
    """An annotation drawn from the truth mask: override :meth:`simulate`.

    Stands for what people would have marked. Figures made with it are not those of image-level
    labels; every record names it as simulated.

    Args:
        allow_missing: As of :class:`AnnotationTransform`.
        seed: Of what is random, together with the image id.
    """

    reads_masks = True  # so they count for what is stale

    def __init__(self, allow_missing: bool = False, seed: int = 0):
        super().__init__(allow_missing)
        self.seed = check_integer(seed, f'{type(self).__name__}.seed', 0)

    @abstractmethod
    def simulate(self, classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the field.

        Args:
            classes: int16 ``(H, W)``: class ids, ``BACKGROUND`` or ``UNLABELLED``.
            rng: The same for the same image and seed.
        """

    def source(self, shared: dict) -> str:
        """Say that it is simulated."""
        return f'{SIMULATED} {self.field}'

    def annotate(self, results: dict) -> dict[str, Any]:
        """Read the mask and draw the field from it; the mask itself is not handed on."""
        mask = results.get('gt_seg_map')
        if mask is None:
            mask = LoadMask()(dict(results))['gt_seg_map']
        classes = mask_to_classes(mask, results['gt_label'], results['class_to_label'])
        rng = np.random.default_rng([self.seed, zlib.crc32(results['image_id'].encode())])
        return {self.field: self.simulate(classes, rng)}
