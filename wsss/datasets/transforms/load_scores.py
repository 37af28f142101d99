# SPDX-License-Identifier: Apache-2.0
"""Read the score maps that an earlier stage wrote."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from mmcv.transforms import BaseTransform

from ...checks import check_flag
from ...engine.record import read_index
from ...errors import ConfigError, DataError
from ...registry import TRANSFORMS
from ...structures import ScoreMaps, ScoreStore
from ..reads_files import ReadsFiles


@TRANSFORMS.register_module()
class LoadScores(BaseTransform, ReadsFiles):
    """Read ``<folder>/<image id>.npz`` as ``score_maps`` and take ``ori_shape`` from its size.

    Comes first in the pipeline of a stage that needs no images; ``LoadMask`` after it checks the
    truth against ``ori_shape``.

    Args:
        folder: Where an earlier stage wrote the scores, such as ``@cams/scores``.
        labels_only: True refuses maps of classes that are not among the image's labels
            (``gt_label``), which means that scores and data set do not belong together. False is
            for scores of predicted classes.
        same_names: True refuses maps of a stage whose classes had other names, as far as it says
            so (``index.json`` beside ``folder``). False is for maps whose classes do not matter.

    Raises:
        ConfigError: If ``folder`` is not a path, or another argument not True or False.

    Example:
        >>> LoadScores(folder='@cams/scores').labels_only
        True
    """

    def __init__(self, folder: str, labels_only: bool = True, same_names: bool = True):
        if not isinstance(folder, str) or not folder:
            raise ConfigError(f'LoadScores.folder must be a path, got {folder!r}')
        self.folder = folder
        self.labels_only = check_flag(labels_only, 'LoadScores.labels_only')
        self.same_names = check_flag(same_names, 'LoadScores.same_names')
        self.store = ScoreStore(folder)

    def files(self, image_id: str) -> list[str]:
        """Return the path of the score file."""
        return [str(self.store.path(image_id))]

    def read(self, results: dict) -> ScoreMaps:
        """Return the maps of the image ``image_id``.

        Raises:
            DataError: If the file is missing or damaged, or holds classes that the image has not,
                or that had other names.
        """
        image_id = results['image_id']
        maps = self.store.read(image_id)
        keys, labels = maps.keys.tolist(), results.get('gt_label')
        if self.labels_only and labels is not None and not set(keys) <= set(labels):
            raise DataError(
                f'score file {self.store.path(image_id)} of image {image_id!r} holds the classes '
                f'{keys}, the image has the labels {sorted(labels)}. Run the stage that wrote it '
                'again on this data set, or set LoadScores(labels_only=False) for scores of '
                'predicted classes.'
            )
        self._check_names(keys, results)
        return maps

    @cached_property
    def names(self) -> list[str]:
        """Names of the classes of the stage that wrote the scores; empty where it is not known."""
        return list(read_index(Path(self.folder).parent).get('image_classes', ()))

    def _check_names(self, keys: list[int], results: dict) -> None:
        here = results.get('image_classes')
        if here is None or not self.same_names or not self.names:
            return
        for key in keys:
            theirs, ours = (
                names[key] if 0 <= key < len(names) else 'none' for names in (self.names, here)
            )
            if theirs != ours:
                raise DataError(
                    f'score file {self.store.path(results["image_id"])} was made with other '
                    f'classes: class {key} is {theirs!r} there, of {len(self.names)}, and {ours!r} '
                    f'in this data set, of {len(here)}. Make the maps on this data set.'
                )

    def transform(self, results: dict) -> dict:
        """Add the maps to ``results``."""
        results['score_maps'] = maps = self.read(results)
        results['ori_shape'] = maps.size
        return results
