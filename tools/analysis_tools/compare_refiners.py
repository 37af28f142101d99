# SPDX-License-Identifier: Apache-2.0
r"""Compare refiners on stored maps: a table of figures and times, and a sheet of pictures.

Example:
    python tools/analysis_tools/compare_refiners.py configs/cam/pets_light.py --out compared \
        --scores work_dirs/cam/pets_light/cams --refiner 'crf={"type": "DenseCRF", "bg_power": 2}'
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmengine import DictAction

from wsss.engine.cli import guarded, load_config, show_progress
from wsss.errors import ConfigError


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Send the same maps through several refiners. Writes <out>/table.md, '
        '<out>/table.csv and <out>/sheet.png.'
    )
    parser.add_argument('config', help='config file, for its data sets')
    parser.add_argument('--scores', type=Path, required=True, help='folder of maps, or of a stage')
    parser.add_argument('--out', type=Path, required=True, help='folder of table and sheet')
    parser.add_argument('--split', default='train', metavar='KEY', help='key of data')
    parser.add_argument(
        '--refiner', action='append', default=[], metavar='NAME=JSON',
        help='a refiner, or a list of refiners one after the other; default: a standard set',
    )  # fmt: skip
    parser.add_argument(
        '--refiners-from', action='append', default=[], metavar='CONFIG',
        help='the refiners of another config, under its file name',
    )  # fmt: skip
    parser.add_argument(
        '--stored', nargs='+', action=DictAction, default={}, metavar='NAME=DIR',
        help='maps of the same images that stages have refined before, such as walked ones',
    )  # fmt: skip
    parser.add_argument('--num-images', type=int, help='drawn at random, held-out ones too')
    parser.add_argument('--images-seed', type=int, default=0, help='of the choice')
    parser.add_argument('--sheet-images', type=int, default=8, help='of them, 0 for no sheet')
    parser.add_argument('--panel', type=int, default=176, help='side of a picture in pixels')
    parser.add_argument('--workers', type=int, default=2, help='processes; 0 uses none but this')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='e.g. data_root=DIR')
    args = parser.parse_args(arguments)
    if args.num_images is not None and args.num_images < 2:
        parser.error('--num-images must be at least 2')
    if args.workers < 0 or args.sheet_images < 0 or args.panel < 32:
        parser.error('--workers and --sheet-images must be at least 0, --panel at least 32')
    return args


def chains_of(args: argparse.Namespace) -> dict[str, list[dict]]:
    """Return the refiners of the command line by name."""
    from wsss.refiners.chains import check_chain, name_chains, parse_chain

    pairs = [parse_chain(text) for text in args.refiner]
    for path in args.refiners_from:
        refiners = load_config(path, None).to_dict().get('refiners')
        if refiners is None:
            raise ConfigError(f'--refiners-from {path}: the config has no refiners.')
        pairs.append((Path(path).stem, check_chain(refiners, f'{path}: refiners')))
    return name_chains(pairs)


def folder_of(path: Path, option: str) -> Path:
    """Return the folder of score files that a path of the command line means."""
    for folder in (path / 'scores', path):
        if folder.is_dir():
            return folder
    raise ConfigError(f'{option} {path} is not a folder. Run the stage that makes it.')


@guarded
def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    config = load_config(args.config, args.cfg_options)
    from wsss.datasets.check import build_splits
    from wsss.evaluation.compare_refiners import compare_refiners
    from wsss.evaluation.refined_images import RefinedImages, draw_images
    from wsss.evaluation.refiner_table import csv_table, markdown_table
    from wsss.fileio import write_bytes, write_picture
    from wsss.visualization.refiner_sheet import RefinerSheet
    from wsss.visualization.sample_panels import Legend

    dataset = build_splits(config.to_dict(), [args.split])[args.split]
    scores = folder_of(args.scores, '--scores')
    stored = {name: folder_of(Path(path), '--stored') for name, path in args.stored.items()}
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    infos = draw_images(infos, args.num_images, args.images_seed)
    labels, chains = dataset.metainfo['classes'], chains_of(args)
    images = RefinedImages(infos, scores, chains, dataset.metainfo['class_to_label'], stored)
    sheet = RefinerSheet(Legend.from_metainfo(dataset.metainfo), args.sheet_images, args.panel)

    def seen(done, image):
        sheet.add(image)
        show_progress(done, len(images))

    comparison = compare_refiners(images, len(labels), args.workers, seen)
    facts = dict(maps=scores, split=dataset.split, **comparison.facts(), seed=args.images_seed)
    table = markdown_table(comparison, labels, facts)
    print(table)
    if comparison.problems:
        print(f'warning: {comparison.problem_line()}', file=sys.stderr)
    write_bytes(args.out / 'table.md', table.encode())
    write_bytes(args.out / 'table.csv', csv_table(comparison, labels, chains, facts).encode())
    page = sheet.draw(comparison, f'split {dataset.split}')
    if page is not None:
        write_picture(args.out / 'sheet.png', page)
    print(f'wrote table.md, table.csv{", sheet.png" if page is not None else ""} to {args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
