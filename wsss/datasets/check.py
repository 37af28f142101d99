# SPDX-License-Identifier: Apache-2.0
"""What a data set holds, as a dict that can be printed and stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ..engine.references import References
from ..errors import ConfigError, near_matches
from ..registry import DATASETS, build
from .base import IGNORE, WSSSDataset
from .check_files import FileFacts, check_files
from .mask_io import allowed_values


def build_splits(config: dict, names: Sequence[str] | None = None) -> dict[str, WSSSDataset | str]:
    """Build the data sets of a config's ``data``.

    Args:
        config: The whole config.
        names: Which; None takes all.

    Returns:
        Name -> data set, or the name of an earlier one with the same config.

    Raises:
        ConfigError: If there is no such data set.
        DataError: If one cannot be loaded.
    """
    data = config.get('data') or {}
    there = [key for key, value in data.items() if isinstance(value, dict)]
    for name in names or ():
        if name not in there:
            raise ConfigError(
                f'the config has no data set data.{name}.{near_matches(name, there)} There are: '
                f'{", ".join(there) or "none"}.'
            )
    if not there:
        raise ConfigError('the config has no data sets: it needs data = dict(train=dict(...)).')
    references = References(config, list(config.get('pipeline') or []))
    built: dict[str, WSSSDataset | str] = {}
    configs: dict[str, dict] = {}
    for name in names or there:
        cfg = references.resolve(data[name], f'data.{name}')
        cfg = {**cfg, 'pipeline': [], 'lazy_init': True}
        same = next((other for other, known in configs.items() if known == cfg), None)
        configs.setdefault(name, cfg)
        dataset = same or build(DATASETS, cfg, f'data.{name}')
        if not isinstance(dataset, (str, WSSSDataset)):
            raise ConfigError(
                f'data.{name}: {type(dataset).__name__} lists no images with image labels; only '
                'data sets of this package, and subclasses of WSSSDataset, can be checked.'
            )
        if not same:
            dataset.full_init()
            _check_counts(data, name, dataset)
        built[name] = dataset
    return built


def _check_counts(data: dict, name: str, dataset: WSSSDataset) -> None:
    for key, names in (('num_classes', 'image_classes'), ('num_labels', 'classes')):
        count = len(dataset.metainfo[names])
        if data.get(key) not in (None, count):
            raise ConfigError(
                f'data.{key} is {data[key]}, but data.{name} ({type(dataset).__name__}) has '
                f'{count} {names}. Set data.{key}={count}, or another mode of the data set.'
            )


def check_dataset(
    dataset: WSSSDataset,
    workers: int = 2,
    decode: bool = True,
    progress: Callable[[int, int], Any] | None = None,
) -> dict[str, Any]:
    """Open all files of a data set and count what is in them.

    Args:
        dataset: What to check.
        workers: Processes that open the files; 0 uses none but this one.
        decode: False reads the headers of the images alone: no pixels, no masks.
        progress: Called with the number of images done and of all.

    Returns:
        JSON-able: ``type``, ``split``, counts of images, ``sizes`` in pixels, ``classes`` (images
        and mask pixels of each), ``cooccurrence`` (images that show both, ``K x K``),
        ``mask_values``, ``disagreements`` of labels and masks, ``problems`` (files that cannot be
        used).
    """
    facts = check_files(dataset, workers, decode, progress)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    names = list(dataset.metainfo['image_classes'])
    shown = np.zeros((len(infos), len(names)), dtype=np.int64)
    for row, info in zip(shown, infos):
        row[list(info['gt_label'])] = 1
    values = _mask_values(infos, facts, dataset.metainfo['classes'])
    return dict(
        type=type(dataset).__name__,
        split=dataset.split,
        images=len(infos),
        images_without_class=int((shown.sum(1) == 0).sum()),
        images_with_mask=sum(info['mask_path'] is not None for info in infos),
        images_held_out=sum(bool(info['held_out']) for info in infos),
        boxes=sum(len(info['boxes']) for info in infos),
        classes_per_image=dict(sorted(Counter(shown.sum(1).tolist()).items())),
        sizes=_sizes([fact.size for fact in facts if fact.size is not None]),
        classes=[
            dict(name=name, images=int(count), share=float(count) / len(infos))
            for name, count in zip(names, shown.sum(0))
        ],
        cooccurrence=(shown.T @ shown).tolist(),
        mask_values=values,
        disagreements=_disagreements(infos, facts, dataset.metainfo),
        decoded=decode,
        problems=[
            dict(image_id=info['image_id'], file=str(path), problem=text)
            for info, fact in zip(infos, facts)
            for path, text in fact.problems
        ],
    )


def _sizes(sizes: list[tuple[int, int]]) -> dict[str, list[float]]:
    """Return min, median and max of height and width."""
    if not sizes:
        return {}
    array = np.asarray(sizes)
    return {
        name: [int(column.min()), float(np.median(column)), int(column.max())]
        for name, column in zip(('height', 'width'), array.T)
    }


def _mask_values(infos: list[dict], facts: list[FileFacts], labels: Sequence[str]) -> list[dict]:
    """Return pixels and images by value in the file and label it becomes."""
    pixels: Counter = Counter()
    images: Counter = Counter()
    for info, fact in zip(infos, facts):
        table = allowed_values(info['num_labels'], info['mask_values'])
        for value, count in fact.values.items():
            key = (value, table.get(value))
            pixels[key] += count
            images[key] += 1
    total = sum(pixels.values())
    rows = []
    for value, label in sorted(pixels, key=lambda key: (key[0], str(key[1]))):
        name = 'not allowed' if label is None else 'ignore' if label == IGNORE else labels[label]
        count = pixels[value, label]
        rows.append(
            dict(
                value=value,
                label=label,
                name=name,
                pixels=count,
                share=count / total,
                images=images[value, label],
            )
        )
    return rows


def _disagreements(infos: list[dict], facts: list[FileFacts], metainfo: dict) -> dict[str, Any]:
    """Return the images whose labels and masks differ; neither need be wrong."""
    to_label = metainfo['class_to_label']
    absent: list[str] = []
    extra: list[str] = []
    for info, fact in zip(infos, facts):
        if not fact.values:
            continue
        table = allowed_values(info['num_labels'], info['mask_values'])
        in_mask = {table.get(value, 0) for value in fact.values} - {0, IGNORE}
        labelled = {to_label[c] for c in info['gt_label']}
        if labelled - in_mask:
            absent.append(info['image_id'])
        if in_mask - labelled:
            extra.append(info['image_id'])
    return dict(
        labelled_without_pixels=len(absent),
        pixels_without_label=len(extra),
        examples_labelled_without_pixels=absent[:5],
        examples_pixels_without_label=extra[:5],
    )


def overlaps(splits: dict[str, WSSSDataset | str]) -> list[dict[str, Any]]:
    """Return how many image files each two of the data sets share, where they share any."""
    files = {
        name: {
            dataset.get_data_info(i)['img_path']: dataset.get_data_info(i)['image_id']
            for i in range(len(dataset))
        }
        for name, dataset in splits.items()
        if not isinstance(dataset, str)
    }
    found = []
    for a, b in combinations(files, 2):
        shared = sorted(files[a].keys() & files[b].keys())
        if shared:
            examples = [files[a][path] for path in shared[:3]]
            found.append(dict(splits=[a, b], images=len(shared), examples=examples))
    return found
