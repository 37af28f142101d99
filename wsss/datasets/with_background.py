# SPDX-License-Identifier: Apache-2.0
"""A data set with pictures of background beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mmengine.dataset import ConcatDataset

from ..checks import check_flag
from ..errors import ConfigError, DataError
from ..registry import DATASETS, build
from .background_scenes import BackgroundScenes
from .base import WSSSDataset


@DATASETS.register_module()
class WithBackground(ConcatDataset):
    """Training images, and behind them pictures that show none of their classes.

    What always comes with an object (grass, a sofa) looks like a part of it to a classifier that
    sees it nowhere else; pictures of such scenes without the object tell it otherwise. The idea is
    that of a `public project
    <https://github.com/JiakangC/Ensembled-Weakly-Supervised-Segmentation>`_, which trains on the
    pictures of Stanford Background as one more class. Here they come in training only, by choice
    without a class of their own, and in a fixed share of each batch with
    :class:`BackgroundRatioSampler`; without it the two parts are shuffled together.

    Masks of the pictures, where a stage asks for them, are all background.

    Args:
        dataset: The data set of the classes.
        background: Where the pictures come from: a data set whose images have no labels, such as
            ``dict(type='wsss.BackgroundPictures')``.
        extra_class: True gives the pictures the class ``background scenes``, behind the others: for
            heads with one class per image (softmax), whose ``num_classes`` is then one more. False
            gives them no class, an all-zero target, for heads with one sigmoid for each class.
        exclude: List file of pictures to leave out, because they show a class after all: one image
            id or file name per line, ``#`` begins a comment; absolute, or relative to the folder of
            the pictures.
        pipeline: Transforms of both.
        test_mode: Refused if True.
        lazy_init: As in :class:`WSSSDataset`.

    Raises:
        ConfigError: If it is to be used for validation or test, or an argument is not usable.
        DataError: If pictures have labels, an image id appears in both parts, or ``exclude`` names
            a picture that is not there.

    Example:
        >>> dataset = WithBackground(
        ...     dict(type='wsss.OxfordPet'), dict(type='wsss.BackgroundPictures'),
        ...     extra_class=True, lazy_init=True)
        >>> len(dataset.metainfo['image_classes']), dataset.metainfo['image_classes'][-1]
        (38, 'background scenes')
    """

    def __init__(
        self,
        dataset: dict,
        background: dict,
        extra_class: bool = False,
        exclude: str | None = None,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        lazy_init: bool = False,
    ):
        main = _build(dict(dataset, pipeline=pipeline), 'dataset', lazy_init)
        pictures = _build(background, 'background', lazy_init)
        if test_mode or main.test_mode:
            raise ConfigError(
                'WithBackground has test_mode=True: pictures of background are for training. Use '
                "the data set without them in val_dataloader and test_dataloader ('@data/val')."
            )
        check_flag(extra_class, 'WithBackground.extra_class')
        scenes = BackgroundScenes(pictures, main, extra_class, exclude, pipeline, lazy_init)
        super().__init__([main, scenes], lazy_init, ignore_keys=list(scenes.metainfo))

    @property
    def metainfo(self) -> dict:
        """Metainfo of the data set, with the extra class if there is one."""
        return self.datasets[1].metainfo

    def full_init(self) -> None:
        """Read both parts."""
        super().full_init()
        main, scenes = (
            {part.get_data_info(i)['image_id'] for i in range(len(part))} for part in self.datasets
        )
        shared = sorted(main & scenes)
        if shared:
            raise DataError(
                f'WithBackground: image id {shared[0]!r} is in dataset and in background. Rename '
                'one of the files.'
            )


def _build(cfg: dict, key: str, lazy_init: bool) -> WSSSDataset:
    where = f'WithBackground.{key}'
    dataset = build(DATASETS, {**cfg, 'lazy_init': lazy_init}, where)
    if not isinstance(dataset, WSSSDataset):
        raise ConfigError(
            f'{where}: {type(dataset).__name__} lists no images with image labels. Use a data set '
            'of this package, or a subclass of WSSSDataset.'
        )
    return dataset
