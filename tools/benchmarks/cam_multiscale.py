# SPDX-License-Identifier: Apache-2.0
"""Time multi-scale CAMs, files included, against one image at a time as IRN makes them.

Scales 0.5, 1, 1.5 and 2 with mirror images, at output stride 16. The usual way (IRN, Ahn et al.,
CVPR 2019) takes one image: resizes it (bicubic, Pillow), runs each scale with its mirror image,
sums the maps at a quarter of the size and at full size, divides by the maximum, and pickles both as
float32 in a dict. Ours is the stage that makes maps: views of several images together, batch norm
folded, channels-last; float16 at a quarter of the size in a compressed file without pickle.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))
from common import interleaved, make_parser, medians, prepare, report, time_row
from pictures import MEAN, STD, load_pictures

from wsss.cams import grid_size
from wsss.datasets.transforms import MultiScaleViews
from wsss.models import CAMClassifier
from wsss.structures import ScoreStore, WSSSDataSample

SCALES = (1.0, 0.5, 1.5, 2.0)
BATCH = 16


def make_model(extraction: dict, weights: dict | None, num_classes: int) -> CAMClassifier:
    """Return MobileNetV2 at output stride 16 with CAM."""
    torch.manual_seed(0)
    model = CAMClassifier(
        data_preprocessor=dict(mean=list(MEAN), std=list(STD)),
        backbone=dict(type='MobileNetV2'),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=num_classes, in_channels=1280),
        cam=dict(type='CAM'),
        output_stride=16,
        extraction=extraction,
    )
    if weights is None:
        model.init_weights()
    else:
        model.load_state_dict(weights)
    model.eval()
    return model


@torch.no_grad()
def predicted(model: CAMClassifier, picture: np.ndarray) -> Tensor:
    """Return the best class ``(1,)``: maps of a class that is not there are noise."""
    view = torch.from_numpy(picture).permute(2, 0, 1)[None]
    return model(model.normalize_views(view)).argmax(dim=1)


def pillow_views(picture: np.ndarray) -> list[Tensor]:
    """Return the scales of one picture, uint8 ``(3, h, w)``."""
    image, (height, width) = Image.fromarray(picture), picture.shape[:2]
    sizes = [(round(width * s), round(height * s)) for s in SCALES]
    views = [np.asarray(image.resize(size, Image.Resampling.BICUBIC)) for size in sizes]
    return [torch.from_numpy(view.copy()).permute(2, 0, 1) for view in views]


@torch.no_grad()
def usual_way(
    model: CAMClassifier, pictures: list[np.ndarray], classes: list[Tensor], folder: Path
) -> None:
    """Make and write the maps of one image after the other."""
    weight = model.head.fc.weight.detach()[:, :, None, None]
    mean, std = (torch.tensor(v)[:, None, None] for v in (MEAN, STD))
    for index, (picture, ids) in enumerate(zip(pictures, classes)):
        size = picture.shape[:2]
        padded = tuple((side - 1) // 16 * 16 + 16 for side in size)
        coarse, fine = 0, 0
        for view in pillow_views(picture):
            plain = (view.float() - mean) / std
            features = model.backbone(torch.stack([plain, plain.flip(-1)]))[-1]
            both = F.conv2d(features, weight).relu()
            maps = (both[0] + both[1].flip(-1))[None]
            coarse = coarse + F.interpolate(maps, grid_size(size), mode='bilinear')[0]
            fine = fine + F.interpolate(maps, padded, mode='bilinear')[0]
        result = dict(keys=ids)
        for name, maps in (('cam', coarse[ids]), ('high_res', fine[ids, : size[0], : size[1]])):
            result[name] = (maps / (maps.amax(dim=(1, 2), keepdim=True) + 1e-5)).numpy()
        np.save(folder / f'{index}.npy', result, allow_pickle=True)


@torch.no_grad()
def our_way(
    model: CAMClassifier,
    pictures: list[np.ndarray],
    classes: list[Tensor],
    folder: Path,
    views=None,
) -> None:
    """Make and write the maps of all images in batches, as the stage does."""
    transform, store = MultiScaleViews(scales=SCALES), ScoreStore(folder)
    for start in range(0, len(pictures), BATCH):
        part = range(start, min(start + BATCH, len(pictures)))
        inputs, samples = [], []
        for index in part:
            if views is None:
                own = transform.transform({'img': pictures[index]})['views']
                own = [torch.from_numpy(view).permute(2, 0, 1) for view in own]
            else:
                own = views[index]
            info = dict(image_id=str(index), ori_shape=pictures[index].shape[:2])
            inputs.append(own)
            samples.append(WSSSDataSample(gt_label=classes[index], metainfo=info))
        for sample in model.test_step(dict(inputs=inputs, data_samples=samples)):
            store.write(sample.image_id, sample.score_maps)


def read_usual(folder: Path, count: int) -> list[Tensor]:
    """Return the maps at a quarter of the size; the files are this program's own."""
    return [
        torch.from_numpy(np.load(folder / f'{i}.npy', allow_pickle=True).item()['cam'])
        for i in range(count)
    ]


def differences(found: list[Tensor], expected: list[Tensor]) -> tuple[float, float]:
    """Return the largest and the mean absolute difference over all images."""
    gaps = [(one - other).abs() for one, other in zip(found, expected)]
    return max(float(gap.max()) for gap in gaps), float(
        torch.cat([g.flatten() for g in gaps]).mean()
    )


def read_ours(folder: Path, count: int) -> list[Tensor]:
    """Return the maps in our files."""
    return [ScoreStore(folder).read(str(i)).scores for i in range(count)]


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0], rounds=3)
    parser.add_argument('--images', help='folder with JPEG photographs; default: generated ones')
    parser.add_argument('--count', type=int, default=16, help='how many images')
    parser.add_argument('--longer-side', type=int, default=320, help='of scale 1, in pixels')
    parser.add_argument('--weights', help='state dict of the classifier; default: drawn weights')
    args = parser.parse_args()
    conditions = prepare(args)
    conditions.update(
        images=f'{args.count} x {args.images or "generated"}',
        longer_side=args.longer_side,
        weights=args.weights or 'drawn',
    )
    weights = None
    if args.weights:
        weights = torch.load(args.weights, map_location='cpu', weights_only=True)
        weights = weights.get('state_dict', weights)
    num_classes = 20 if weights is None else len(weights['head.fc.weight'])
    plain = make_model(
        dict(fold_batch_norm=False, channels_last=False, fast_pointwise=False), weights, num_classes
    )
    ours = make_model({}, weights, num_classes)
    half = make_model(dict(dtype='bfloat16'), weights, num_classes)
    pictures = load_pictures(args.images, args.count, args.longer_side)
    classes = [predicted(plain, picture) for picture in pictures]
    with tempfile.TemporaryDirectory() as name:
        folders = {key: Path(name) / key for key in ('usual', 'ours', 'bfloat16', 'same')}
        for folder in folders.values():
            folder.mkdir()
        ways = {
            'one image at a time': lambda: usual_way(plain, pictures, classes, folders['usual']),
            'ours': lambda: our_way(ours, pictures, classes, folders['ours']),
            'ours, bfloat16': lambda: our_way(half, pictures, classes, folders['bfloat16']),
        }
        times = interleaved(ways, args.rounds)
        same = [pillow_views(picture) for picture in pictures]
        our_way(ours, pictures, classes, folders['same'], same)
        sizes = {
            key: sum(path.stat().st_size for path in folder.iterdir()) / args.count / 1024
            for key, folder in folders.items()
        }
        maps = {key: read_ours(folders[key], args.count) for key in ('ours', 'bfloat16', 'same')}
        maps['usual'] = read_usual(folders['usual'], args.count)
    middle = medians(times)
    figures = dict(
        ratio_usual_over_ours=middle['one image at a time'] / middle['ours'],
        ratio_usual_over_ours_bfloat16=middle['one image at a time'] / middle['ours, bfloat16'],
        ratio_file_size=sizes['usual'] / sizes['ours'],
        kib_per_image_usual=sizes['usual'],
        kib_per_image_ours=sizes['ours'],
    )
    for what, one, other in (
        ('same_views', 'same', 'usual'),
        ('own_views', 'ours', 'usual'),
        ('bfloat16', 'bfloat16', 'ours'),
    ):
        most, mean = differences(maps[one], maps[other])
        figures[f'max_abs_diff_{what}'] = most
        figures[f'mean_abs_diff_{what}'] = mean
    rows = [['way', 'median', 'range', 'per image']]
    rows += [time_row(key, values, args.count) for key, values in times.items()]
    report('cam_multiscale', rows, figures, conditions, args.json)


if __name__ == '__main__':
    main()
