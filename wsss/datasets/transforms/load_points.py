# SPDX-License-Identifier: Apache-2.0
"""Points from a file."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ...errors import ConfigError, DataError, near_matches
from ...registry import TRANSFORMS
from ...structures import BACKGROUND
from ..point_file import Point, read_points
from ..reads_files import ReadsFiles
from .annotate import AnnotationTransform


@TRANSFORMS.register_module()
class LoadPoints(AnnotationTransform, ReadsFiles):
    """Take points that were marked in the images from one CSV or JSON file.

    The CSV has the columns ``image_id``, ``x``, ``y`` and ``class``, one point in each line; the
    JSON (``.json``) is ``{image id: [[x, y, class], ...]}``. Classes are named as in the data set,
    or ``background``; x and y are pixels from the upper left corner, which is 0, 0.

    Args:
        file: Path of the file. It is read once by each worker.
        allow_missing: Give a class without points a blank map instead of refusing the image.

    Raises:
        ConfigError: If ``file`` is not a path.

    Example:
        >>> LoadPoints('points.csv').source({})
        'points'
    """

    field = 'points'
    located_by = ('file',)

    def __init__(self, file: str, allow_missing: bool = False):
        super().__init__(allow_missing)
        if not isinstance(file, str) or not file:
            raise ConfigError(f'LoadPoints.file must be a path, got {file!r}.')
        self.file = file

    def files(self, image_id: str) -> list[str]:
        """Return the one file of all images."""
        return [self.file]

    @cached_property
    def _points(self) -> dict[str, list[Point]]:
        return read_points(self.file)

    def annotate(self, results: dict) -> dict[str, Any]:
        """Return the points of the image; background points are not needed."""
        names = ['background', *results['image_classes']]
        rows = []
        for x, y, name in self._points.get(results['image_id'], ()):
            if name not in names:
                raise DataError(
                    f'{self.file} has a point of the class {name!r}, which the data set does not '
                    f'have.{near_matches(name, names)}'
                )
            rows.append((y, x, names.index(name) + BACKGROUND))
        return dict(points=np.array(rows, np.float64).reshape(-1, 3))
