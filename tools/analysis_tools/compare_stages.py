# SPDX-License-Identifier: Apache-2.0
r"""Draw what the stages of a run made of the same images, one column for each stage.

Example:
    python tools/analysis_tools/compare_stages.py configs/sp_cam/voc_light.py --out compared.png \
        --stages saliency superpixels cams sp_cams pseudo_labels
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from mmengine import DictAction

from wsss.engine.cli import default_work_dir, guarded, load_config
from wsss.errors import ConfigError


def parse_args(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Draw images with the maps, saliency, superpixels and labels that stages made.'
    )
    parser.add_argument('config', help='config file of the run')
    parser.add_argument('--work-dir', type=Path, help='of the run (default: that of the config)')
    parser.add_argument('--stages', nargs='+', required=True, help='the columns')
    parser.add_argument('--out', type=Path, required=True, help='PNG to write')
    parser.add_argument('--split', default='train', metavar='KEY', help='key of data')
    parser.add_argument('--images', nargs='+', metavar='ID', help='these images')
    parser.add_argument('--num-images', type=int, default=8, help='or so many, drawn at random')
    parser.add_argument('--images-seed', type=int, default=0, help='of the choice')
    parser.add_argument('--panel', type=int, default=176, help='side of a picture in pixels')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='as given to the run')
    args = parser.parse_args(arguments)
    if args.num_images < 1 or args.panel < 32:
        parser.error('--num-images must be at least 1, --panel at least 32')
    return args


def regions_of(config: dict, weights: Path):
    """Return what parts an image with the superpixels of a trained stage."""
    from wsss.engine.checkpoint import check_fit, load_from_local, state_dict_of
    from wsss.registry import MODELS, build
    from wsss.structures import WSSSDataSample

    model = build(MODELS, config['model'], 'model').eval()
    state = state_dict_of(load_from_local(str(weights)))
    check_fit(model, state, str(weights))
    model.load_state_dict(state)

    def part(image: np.ndarray) -> np.ndarray:
        picture = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
        found = model.test_step(dict(inputs=[picture], data_samples=[WSSSDataSample()]))[0]
        return found.pred_regions.data[0].numpy()

    return part


def choose(infos: list[dict], args: argparse.Namespace) -> list[dict]:
    """Return the images that are drawn."""
    if not args.images:
        order = np.random.default_rng(args.images_seed).permutation(len(infos))
        return [infos[i] for i in order[: args.num_images]]
    known = {info['image_id']: info for info in infos}
    unknown = [name for name in args.images if name not in known]
    if unknown:
        raise ConfigError(
            f'--images: {unknown} are not in the split {args.split!r} of {len(known)} images, such '
            f'as {next(iter(known))!r}.'
        )
    return [known[name] for name in args.images]


@guarded
def main(arguments: list[str] | None = None) -> int:
    """Run the tool; return the exit code."""
    args = parse_args(arguments)
    config = load_config(args.config, args.cfg_options)
    from wsss.datasets.check import build_splits
    from wsss.engine.pipeline import Pipeline
    from wsss.fileio import write_picture
    from wsss.visualization.sample_panels import Legend
    from wsss.visualization.stage_sheet import StageSheet

    run = Pipeline(config.to_dict(), args.config, args.work_dir or default_work_dir(args.config))
    unknown = [stage for stage in args.stages if stage not in run.stages]
    if unknown:
        raise ConfigError(
            f'--stages: {unknown} are not in the pipeline, which has {", ".join(run.stages)}.'
        )
    folders = {stage: run.folder(stage) for stage in args.stages}
    regions = {}
    for stage, folder in folders.items():
        own = run.stage(stage).config
        weights = folder / 'weights.pth'
        if str(own['model'].get('type')).endswith('SuperpixelNet') and weights.is_file():
            regions[stage] = regions_of(own, weights)
    dataset = build_splits(config.to_dict(), [args.split])[args.split]
    legend = Legend.from_metainfo(dataset.metainfo)
    sheet = StageSheet(folders, legend, regions, args.panel)
    infos = choose([dataset.get_data_info(i) for i in range(len(dataset))], args)
    write_picture(args.out, sheet.draw(infos, f'{args.config}, split {dataset.split}'))
    print(f'wrote {args.out}: {len(infos)} images, {len(folders)} stages')
    return 0


if __name__ == '__main__':
    sys.exit(main())
