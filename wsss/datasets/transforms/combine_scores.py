# SPDX-License-Identifier: Apache-2.0
"""Several score maps of one image, made one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmcv.transforms import BaseTransform
from torch import Tensor

from ...checks import check_number, check_unit
from ...errors import ConfigError, DataError, near_matches
from ...ops import ensemble
from ...registry import TRANSFORMS
from ...structures import ScoreMaps
from ..reads_files import ReadsFiles
from .load_scores import LoadScores

JOINT = {
    'bg_cue': ensemble.bg_cue,
    'product': ensemble.product,
    'geometric': ensemble.geometric,
    'linear': ensemble.linear,
}
"""Modes of one class-agnostic map and class maps."""

EQUAL = {
    'max': ensemble.maximum,
    'min': ensemble.minimum,
    'mean_models': ensemble.mean_models,
}
"""Modes of any number of class maps."""


@TRANSFORMS.register_module()
class CombineScores(BaseTransform, ReadsFiles):
    """Read the maps that several earlier stages wrote and combine them as ``score_maps``.

    Some methods say well where an object is and not what it is, others the reverse; and what
    several methods see is more often there. Formulas are in :mod:`wsss.ops.ensemble`. Maps of all
    members are interpolated to the largest height and width among them. Background maps of the
    members are not looked at. An image without classes is background.

    Args:
        specific: Folders of maps of the classes, such as ``['@cams/scores']``. Several are averaged
            (``mean_models``) before the modes of one class-agnostic map.
        agnostic: Folder of class-agnostic maps: the maximum of an image's maps is taken, of
            whichever classes they are.
        mode: With ``agnostic``: ``product`` (scores sum to 1; with one class the result is the
            class-agnostic map), ``bg_cue`` (background from the one, classes from the other),
            ``geometric`` (both must agree), ``linear`` (weighted mean). With or without it:
            ``mean_models``, ``max`` and ``min`` over all members, the class-agnostic map being
            taken for one of the class that is best at each pixel.
        gamma: Of ``product``: above 1 the best class takes more of a pixel.
        weight: Of the class-agnostic map in ``geometric`` and ``linear``, 0..1.
        agnostic_power: The class-agnostic map is raised to this first. Maps whose foreground begins
            at a threshold ``t`` other than 0.5 are brought there by ``log(0.5) / log(t)``: 0.35 or
            so for those of C2AM that are divided by their maximum.
        labels_only: As of :class:`LoadScores`, for ``specific``.

    Raises:
        ConfigError: If an argument is not usable, or the mode lacks a class-agnostic map.

    Example:
        >>> CombineScores(['@cams/scores'], agnostic='@ccam_maps/scores', mode='product').mode
        'product'
    """

    located_by = ('specific', 'agnostic')

    def __init__(
        self,
        specific: Sequence[str],
        agnostic: str | None = None,
        mode: str = 'product',
        gamma: float = 1.0,
        weight: float = 0.5,
        agnostic_power: float = 1.0,
        labels_only: bool = True,
    ):
        if not isinstance(specific, (list, tuple)) or not specific:
            raise ConfigError(
                f'CombineScores.specific must be a list of folders, at least one, got {specific!r}.'
            )
        _check_mode(mode, agnostic is not None, len(specific))
        gamma = check_number(gamma, 'CombineScores.gamma', 0, above=True)
        weight = check_unit(weight, 'CombineScores.weight')
        name = 'CombineScores.agnostic_power'
        self.agnostic_power = check_number(agnostic_power, name, 0, above=True)
        self.mode = mode
        self.options = {
            'product': dict(gamma=gamma),
            'geometric': dict(weight=weight),
            'linear': dict(weight=weight),
        }.get(mode, {})
        self.loaders = [LoadScores(folder, labels_only) for folder in specific]
        self.has_agnostic = agnostic is not None
        if self.has_agnostic:  # the last; its classes are not looked at
            self.loaders.append(LoadScores(agnostic, labels_only=False, same_names=False))

    def files(self, image_id: str) -> list[str]:
        """Return the paths of the members' score files."""
        return [path for loader in self.loaders for path in loader.files(image_id)]

    def transform(self, results: dict) -> dict:
        """Add the maps to ``results``.

        Raises:
            DataError: If a file is missing or damaged, or members are not of the same image and
                classes.
        """
        members = [loader.read(results) for loader in self.loaders]
        self._check(results['image_id'], members)
        maps = members[0]
        grid = tuple(max(m.scores.shape[side] for m in members) for side in (1, 2))
        if len(maps.keys) == 0:
            scores, background = maps.scores.new_zeros(0, *grid), torch.ones(grid)
        else:
            # interpolation may leave [0, 1] by a rounding error
            resized = [member.resized(grid).scores.clamp(0, 1) for member in members]
            scores, background = self._combine(resized)
        results['score_maps'] = ScoreMaps(maps.keys, scores, maps.size, background)
        results['ori_shape'] = maps.size
        return results

    def _combine(self, members: list[Tensor]) -> tuple[Tensor, Tensor | None]:
        """Return scores and background of members of one size, the class-agnostic one last."""
        if not self.has_agnostic:
            return EQUAL[self.mode](members)
        *specific, last = members
        agnostic = last.amax(dim=0) if len(last) else last.new_zeros(last.shape[1:])
        agnostic = agnostic**self.agnostic_power
        mean = specific[0] if len(specific) == 1 else ensemble.mean_models(specific)[0]
        if self.mode in EQUAL:
            return EQUAL[self.mode]([*specific, ensemble.name_foreground(agnostic, mean)])
        return JOINT[self.mode](agnostic, mean, **self.options)

    def _check(self, image_id: str, members: list[ScoreMaps]) -> None:
        """Refuse members of another image, and class maps of other classes, than the first."""
        first = members[0]
        with_classes = len(members) - self.has_agnostic
        for i, (loader, maps) in enumerate(zip(self.loaders, members)):
            same_keys = i >= with_classes or torch.equal(maps.keys, first.keys)
            if maps.size != first.size or not same_keys:
                raise DataError(
                    f'the maps of image {image_id!r} do not belong together: '
                    f'{self.loaders[0].store.path(image_id)} has the size {first.size} and the '
                    f'classes {first.keys.tolist()}, {loader.store.path(image_id)} the size '
                    f'{maps.size} and the classes {maps.keys.tolist()}. Make both from the same '
                    'data set.'
                )


def _check_mode(mode: str, has_agnostic: bool, count: int) -> None:
    modes = (*JOINT, *EQUAL)
    if mode not in modes:
        raise ConfigError(
            f'CombineScores.mode: unknown mode {mode!r}.{near_matches(str(mode), modes)} Allowed: '
            f'{", ".join(modes)}.'
        )
    if mode in JOINT and not has_agnostic:
        raise ConfigError(
            f'CombineScores.mode {mode!r} needs a class-agnostic map: set CombineScores.agnostic, '
            f'or one of the modes {", ".join(EQUAL)}.'
        )
    if count + has_agnostic < 2:
        raise ConfigError('CombineScores: one member alone makes no ensemble. Name another folder.')
