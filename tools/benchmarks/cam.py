# SPDX-License-Identifier: Apache-2.0
"""Time CAM, Grad-CAM and Grad-CAM++ against other packages and against our own forward pass.

Networks are torchvision's, with drawn weights unless others are given; the classes explained are
the predicted ones. Ours runs the classifier as the stage that makes maps does: batch norm folded,
channels-last, gradients in closed form. The usual way is hooks and a backward pass; the packages
grad-cam and torchcam are timed where they are installed (requirements/compare.txt). All maps are
compared with the formulas written out, in float64.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parent))
from cam_peers import (
    METHODS,
    grad_cam_package,
    stretched,
    torchcam_package,
    usual_gradients,
    written_out,
)
from common import interleaved, make_parser, medians, prepare, report, time_row
from pictures import load_pictures, make_network, square_batch

from wsss.cams import CAM, BaseCAM, GradCAM, GradCAMPlusPlus, Preparation
from wsss.cams.layers import find_layer

# name -> layer to explain, last linear layer
NETWORKS = {'mobilenet_v2': ('features', 'classifier.1'), 'resnet50': ('layer4', 'fc')}
SIDE = 224
IMAGES = 16
CAMS: dict[str, type[BaseCAM]] = dict(zip(METHODS, (CAM, GradCAM, GradCAMPlusPlus)))


@torch.no_grad()
def forward(network: nn.Module, images: Tensor) -> Tensor:
    """Return the logits."""
    return network(images)


def difference(found: Tensor, expected: Tensor) -> float:
    """Return the largest difference of maps in [0, 1], resized to the larger of the two."""
    expected = stretched(expected)
    if found.shape != expected.shape:
        size = tuple(found.shape[1:])
        expected = F.interpolate(expected[None], size, mode='bilinear', align_corners=False)[0]
        expected = stretched(expected)
    return float((stretched(found) - expected).abs().max())


def compare(network_name: str, batch: int, args) -> tuple[list[list[str]], dict[str, float]]:
    """Time all ways on one network and batch size, and return rows and figures."""
    path, linear = NETWORKS[network_name]
    images = square_batch(load_pictures(args.images, IMAGES, SIDE), SIDE)
    weights = args.weights if network_name == 'mobilenet_v2' else None
    network = make_network(network_name, images, weights)
    layer, images = find_layer(network, path), images[:IMAGES]
    fast = Preparation().prepare(network, CAM(layer=path), images)
    half = Preparation(dtype='bfloat16')
    half_fast = half.prepare(network, CAM(layer=path), images)
    best = forward(network, images).topk(4, dim=1).indices.sort(dim=1).values
    ids = forward(network, images).argmax(dim=1).tolist()
    classes, four = [torch.tensor([i]) for i in ids], list(best)
    cams = {name: cls(layer=path) for name, cls in CAMS.items()}

    def mixed(images: Tensor, classes: list[Tensor]) -> list:
        with half.autocast(images.device):
            return cams['GradCAMPlusPlus'](half_fast, images, classes)

    def in_batches(way: Callable, wanted: list) -> None:
        for start in range(0, len(images), batch):
            part = slice(start, start + batch)
            way(images[part], wanted[part])

    peers: dict[str, Callable] = {'usual GradCAMPlusPlus': usual_gradients(network, layer)}
    for package, ways in (
        ('grad-cam', grad_cam_package(network, layer)),
        ('torchcam', torchcam_package(network, path, linear)),
    ):
        peers |= {f'{package} {name}': way for name, way in ways.items()}
    ways = {'our forward': (lambda images, _: forward(fast, images), ids)}
    for name, cam in cams.items():
        ways[f'our {name}'] = (partial(cam, fast), classes)
    ways['our GradCAMPlusPlus, 4 classes'] = (partial(cams['GradCAMPlusPlus'], fast), four)
    ways['our GradCAMPlusPlus, bfloat16'] = (mixed, classes)
    ways |= {name: (way, ids) for name, way in peers.items()}
    ways = {name: partial(in_batches, way, wanted) for name, (way, wanted) in ways.items()}
    times = interleaved(ways, args.rounds)
    middle = medians(times)

    key, figures = f'{network_name}_b{batch}', {}
    for name in METHODS:
        figures[f'ratio_{name}_over_forward_{key}'] = middle[f'our {name}'] / middle['our forward']
    figures[f'ratio_4_classes_over_forward_{key}'] = (
        middle['our GradCAMPlusPlus, 4 classes'] / middle['our forward']
    )
    for name in peers:
        package, method = name.split()
        figures[f'ratio_{package}_over_ours_{method}_{key}'] = (
            middle[name] / middle[f'our {method}']
        )
    expected = written_out(network, layer, images, ids)
    for name, cam in cams.items():
        found = torch.cat([own.scores for own in cam(fast, images, classes)])
        figures[f'max_abs_diff_{name}_{key}'] = difference(found, expected[name])
    found = torch.cat([own.scores for own in mixed(images, classes)])
    figures[f'max_abs_diff_bfloat16_{key}'] = difference(found, expected['GradCAMPlusPlus'])
    for name, way in peers.items():
        package, method = name.split()
        figures[f'max_abs_diff_{package}_{method}_{key}'] = difference(
            way(images, ids), expected[method]
        )
    rows = [
        time_row(f'{network_name}, batch {batch}: {name}', values, IMAGES)
        for name, values in times.items()
    ]
    return rows, figures


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument('--images', help='folder with JPEG photographs; default: generated ones')
    parser.add_argument('--weights', help='of mobilenet_v2, tensors in its order; default: drawn')
    parser.add_argument('--networks', nargs='+', default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument('--batch-sizes', nargs='+', type=int, default=[16, 1])
    args = parser.parse_args()
    conditions = prepare(args)
    conditions.update(side=SIDE, images=args.images or 'generated', weights=args.weights or 'drawn')
    rows, figures = [['way', 'median', 'range', 'per image']], {}
    for name in args.networks:
        for batch in args.batch_sizes:
            more_rows, more_figures = compare(name, batch, args)
            rows += more_rows
            figures |= more_figures
    missing = [
        package
        for package in ('grad-cam', 'torchcam')
        if not any(key.startswith(f'ratio_{package}') for key in figures)
    ]
    if missing:
        conditions['not_installed'] = missing
        print(
            f'left out, not installed: {", ".join(missing)} (requirements/compare.txt)',
            file=sys.stderr,
        )
    report('cam', rows, figures, conditions, args.json)


if __name__ == '__main__':
    main()
