# SPDX-License-Identifier: Apache-2.0
"""Draw images of a config's data sets with their labels, boxes and masks.

Example:
    python tools/analysis_tools/browse_dataset.py configs/cam/voc.py --out sheets --split train
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from mmengine import DictAction

from wsss.engine.cli import guarded, load_config
from wsss.errors import ConfigError, near_matches


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Write pages of images of the data sets of a config, with labels, boxes and '
        'masks: <out>/<key of data>_<page>.png.'
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('--out', type=Path, required=True, help='folder of the pages')
    parser.add_argument(
        '--split', nargs='+', metavar='KEY', help='keys of data to show (default: all)'
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
        help='override config values, e.g. data_root=DIR',
    )  # fmt: skip
    parser.add_argument('--class', dest='class_name', metavar='NAME', help='only images of it')
    parser.add_argument('--num-images', type=int, default=48, help='drawn at random')
    parser.add_argument('--seed', type=int, default=0, help='of the choice')
    parser.add_argument('--per-page', type=int, default=24, help='images on a page')
    parser.add_argument('--panel', type=int, default=176, help='side of a picture in pixels')
    args = parser.parse_args(arguments)
    if args.num_images < 1 or args.per_page < 1 or args.panel < 32:
        parser.error('--num-images and --per-page must be at least 1, --panel at least 32')
    return args


def choose(dataset, class_name: str | None, count: int, seed: int) -> list[dict]:
    """Return images drawn at random, in the order of the data set.

    Raises:
        ConfigError: If there is no such class, or no image shows it.
    """
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    if class_name is not None:
        names = dataset.metainfo['image_classes']
        if class_name not in names:
            raise ConfigError(
                f'--class {class_name!r} is not a class.{near_matches(class_name, names)} '
                f'Allowed: {", ".join(names)}.'
            )
        wanted = names.index(class_name)
        infos = [info for info in infos if wanted in info['gt_label']]
        if not infos:
            raise ConfigError(
                f'--class {class_name!r}: no image of split {dataset.split!r} has it.'
            )
    order = np.random.default_rng(seed).permutation(len(infos))[:count]
    return [infos[i] for i in sorted(order)]


@guarded
def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    config = load_config(args.config, args.cfg_options)
    from wsss.datasets.check import build_splits
    from wsss.fileio import write_picture
    from wsss.visualization.dataset_sheet import dataset_sheets

    for name, dataset in build_splits(config.to_dict(), args.split).items():
        if isinstance(dataset, str):
            print(f'data.{name}: the same as data.{dataset}')
            continue
        infos = choose(dataset, args.class_name, args.num_images, args.seed)
        title = f'data.{name}: {len(infos)} of {len(dataset)} images'
        pages = dataset_sheets(infos, dataset.metainfo, title, args.panel, args.per_page)
        for number, page in enumerate(pages, 1):
            path = args.out / f'{name}_{number}.png'
            write_picture(path, page)
            print(f'wrote {path}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
