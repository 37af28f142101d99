# SPDX-License-Identifier: Apache-2.0
"""Stored maps of images, sent through several refiners in loader workers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ..datasets.transforms import LoadImage, LoadMask, LoadScores, Refine
from ..errors import ConfigError, DataError
from ..ops.best_class import best_class
from ..refiners.chains import RAW


@dataclass
class RefinedImage:
    """One image after every refiner, or why it could not be used.

    Args:
        info: The image as the data set lists it.
        truth: uint8 ``(H, W)``.
        refined: By the name of the refiner, best label uint8 ``(H, W)`` and its score ``(H, W)``.
        seconds: By the name of the refiner; not of maps that were read.
        problem: What is wrong with the image, its maps or its mask; nothing else is there then.
    """

    info: dict
    truth: Tensor | None = None
    refined: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    problem: str = ''


class RefinedImages(Dataset):
    """Items are :class:`RefinedImage`; each image goes through each refiner once.

    Args:
        infos: The images, of ``WSSSDataset.get_data_info``.
        scores: Folder of the maps.
        chains: Refiners by name, see :mod:`wsss.refiners.chains`; the maps themselves come first.
        class_to_label: The label id of every image-level class.
        stored: Folders of maps that a stage has refined before, by name; a network's, for example.

    Raises:
        ConfigError: If a refiner cannot be built, or two have one name.
    """

    def __init__(
        self,
        infos: Sequence[dict],
        scores: str | Path,
        chains: Mapping[str, Sequence[dict]],
        class_to_label: Sequence[int],
        stored: Mapping[str, str | Path] | None = None,
    ):
        self.infos = list(infos)
        self.loading = [LoadScores(str(scores)), LoadMask(), LoadImage()]
        self.class_to_label = class_to_label
        self.stored = {RAW: LoadScores(str(scores))}
        for name, folder in (stored or {}).items():
            self.stored[name] = LoadScores(str(folder))
        twice = sorted(({*(stored or {})} & {RAW, *chains}) | ({*chains} & {RAW}))
        if twice:
            raise ConfigError(f'two of what is compared share the names {", ".join(twice)}.')
        self.refine: dict[str, Refine] = {}
        for name, chain in chains.items():
            try:
                self.refine[name] = Refine(chain)
            except ConfigError as error:
                raise ConfigError(f'refiner {name!r}: {error}') from error

    @property
    def names(self) -> list[str]:
        """Of what is compared: the maps themselves, refiners, stored maps."""
        return [RAW, *self.refine, *(name for name in self.stored if name != RAW)]

    def __len__(self) -> int:
        return len(self.infos)

    def __getitem__(self, index: int) -> RefinedImage:
        image = RefinedImage(self.infos[index])
        try:
            results = dict(image.info)
            for transform in self.loading:
                results = transform(results)
            for name, store in self.stored.items():
                image.refined[name] = best_class(store.read(results), self.class_to_label)
            for name, refine in self.refine.items():
                start = time.perf_counter()
                # a copy: every refiner starts from the maps themselves
                maps = refine(dict(results))['score_maps']
                image.seconds[name] = time.perf_counter() - start
                image.refined[name] = best_class(maps, self.class_to_label)
            image.truth = torch.from_numpy(np.ascontiguousarray(results['gt_seg_map']))
        except DataError as error:
            return RefinedImage(image.info, problem=str(error))
        return image


def draw_images(infos: Sequence[dict], count: int | None, seed: int) -> list[dict]:
    """Draw images at random, of the held-out part its share, but one of each part at least.

    Args:
        infos: Of ``WSSSDataset.get_data_info``; those without mask are passed over.
        count: How many, at least 2; None takes all.
        seed: Of the order.

    Returns:
        The images in random order, the held-out ones first.

    Raises:
        ConfigError: If no image has a mask.
    """
    infos = [info for info in infos if info['mask_path'] is not None]
    if not infos:
        raise ConfigError('no image of this split has a mask, and figures need truth.')
    order = [infos[i] for i in np.random.default_rng(seed).permutation(len(infos))]
    held_out = [info for info in order if info['held_out']]
    rest = [info for info in order if not info['held_out']]
    count = len(infos) if count is None else min(count, len(infos))
    share = round(count * len(held_out) / len(infos))
    share = min(max(share, 1), len(held_out), max(count - 1, 1))
    return held_out[:share] + rest[: count - share]
