# SPDX-License-Identifier: Apache-2.0
"""Time the masks of FMix, and what mixing adds to a step of training.

The usual way is that of the published sampler: noise for every frequency, of which two rows are
used, an inverse transform padded with zeros, a full sort of the pixels; one mask at a time in
NumPy. Both cut the same fields to compare the masks, and the energies of many fields are printed.
A step is that of the light classifier (MobileNetV2, 16 images of 256 px), preprocessing included.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))
from common import interleaved, make_parser, medians, prepare, report, time_row

from wsss.augment import FMix
from wsss.models import CAMClassifier
from wsss.ops.fourier_masks import cut_fields, low_frequency_fields

DECAY, SHARE = 3.0, 0.37
CLASSES, BATCH, SIDE = 20, 16, 256
WAYS = {
    'none': None,
    'Mixup': dict(type='Mixup', alpha=0.2),
    'FMix': dict(type='wsss.FMix'),
    'FMix, a mask for each': dict(type='wsss.FMix', per_sample=True),
    'ManifoldMixup': dict(type='wsss.ManifoldMixup', stages=['input', 'layer6', 'layer7']),
}


def usual_field(side: int, random: np.random.Generator) -> np.ndarray:
    """Return a field ``(side, side)`` as the published sampler draws it."""
    columns = side // 2 + 1
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[:columns])
    scale = 1 / np.maximum(frequency, 1 / side) ** DECAY
    noise = scale[..., None] * random.standard_normal((side, columns, 2))
    return np.fft.irfftn(noise[0] + 1j * noise[1], (side, side))


def usual_mask(field: np.ndarray, share: float) -> np.ndarray:
    """Return the mask of a field by a full sort."""
    flat = ((field - field.min()) / (field.max() - field.min())).reshape(-1)
    order = flat.argsort()[::-1]
    ones = math.floor(share * flat.size)
    flat[order[:ones]], flat[order[ones:]] = 1, 0
    return flat.reshape(field.shape)


def energies(fields: Tensor) -> tuple[list[float], list[float]]:
    """Return shares of energy at 0, 1, 2 and 3 cycles, horizontally and vertically."""
    power = torch.fft.fft2(fields.double()).abs() ** 2
    power[:, 0, 0] = 0
    cycles = torch.fft.fftfreq(fields.shape[-1]).abs() * fields.shape[-1]
    across, along = zip(
        *((power[:, :, cycles == k].sum(), power[:, cycles == k].sum()) for k in range(4))
    )
    total = power.sum()
    return [float(part / total) for part in across], [float(part / total) for part in along]


def make_model(mixing: dict | None) -> CAMClassifier:
    """Return the light classifier with this way of mixing."""
    torch.manual_seed(0)
    preprocessor = dict(mean=[123.7, 116.3, 103.5], std=[58.4, 57.1, 57.4], to_onehot=True)
    preprocessor['num_classes'] = CLASSES
    if mixing is not None:
        preprocessor['batch_augments'] = dict(augments=[mixing])
    model = CAMClassifier(
        output_stride=16,
        data_preprocessor=preprocessor,
        backbone=dict(
            type='MobileNetV2', frozen_stages=5, norm_eval=True,
            norm_cfg=dict(type='BN', requires_grad=False),
        ),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='MultiLabelLinearClsHead', num_classes=CLASSES, in_channels=1280,
            loss=dict(type='CrossEntropyLoss', use_sigmoid=True),
        ),
    )  # fmt: skip
    return model.to(memory_format=torch.channels_last).train()


def make_step(mixing: dict | None):
    """Return a function that makes one training step."""
    model = make_model(mixing)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-4))
    inputs = list(torch.randint(0, 256, (BATCH, 3, SIDE, SIDE), dtype=torch.uint8))

    def step() -> None:
        samples = [DataSample().set_gt_label(torch.tensor([i % CLASSES])) for i in range(BATCH)]
        model.train_step(dict(inputs=list(inputs), data_samples=samples), optimizer)

    return step


def main() -> None:
    """Run the benchmark."""
    parser = make_parser(__doc__.splitlines()[0], rounds=9)
    parser.add_argument('--masks', type=int, default=20, help='masks of a timing')
    parser.add_argument('--masks-only', action='store_true', help='leave out the steps of training')
    args = parser.parse_args()
    conditions = prepare(args)
    torch.manual_seed(0)
    random, fmix = np.random.default_rng(0), FMix(per_sample=True)
    figures, rows = {}, []
    for side in (224, 512):
        times = interleaved(
            {
                f'published sampler, {side} px': lambda side=side: [
                    usual_mask(usual_field(side, random), SHARE) for _ in range(args.masks)
                ],
                f'ours, {side} px': lambda side=side: [
                    fmix.draw_masks([SHARE], (side, side)) for _ in range(args.masks)
                ],
            },
            args.rounds,
        )
        usual, ours = medians(times).values()
        figures[f'ratio_{side}'] = usual / ours
        rows += [time_row(name, values, args.masks, 'mask') for name, values in times.items()]
        field = low_frequency_fields(1, (side, side))
        share = math.floor(SHARE * side * side) / side**2  # nothing to round
        slow = torch.from_numpy(usual_mask(field[0].double().numpy(), share + 1e-9))
        figures[f'max_abs_diff_{side}'] = float((cut_fields(field, [share])[0] - slow).abs().max())
    figures |= statistics(random)
    if not args.masks_only:
        times = interleaved({name: make_step(way) for name, way in WAYS.items()}, args.rounds)
        plain, *mixed = medians(times).items()
        rows += [time_row(f'step, {name}', values, BATCH) for name, values in times.items()]
        figures |= {f'step_{name}': value / plain[1] for name, value in mixed}
    report('mixing', rows, figures, conditions, args.json)


def statistics(random: np.random.Generator) -> dict[str, float]:
    """Return means of masks and energies of fields of 64 px."""
    torch.manual_seed(0)
    fmix = FMix(per_sample=True)
    shares = fmix.draw_shares(400)
    means = fmix.draw_masks(shares, (64, 64)).mean(dim=(1, 2))
    figures = dict(
        mean_share=float(np.mean(shares)),
        mean_of_masks=float(means.mean()),
        max_abs_diff_share=float((means - torch.tensor(shares)).abs().max()),
    )
    fields = {
        'published': torch.from_numpy(np.stack([usual_field(64, random) for _ in range(400)])),
        'legacy': low_frequency_fields(400, (64, 64), DECAY, 'legacy'),
        'isotropic': low_frequency_fields(400, (64, 64), DECAY),
    }
    for name, drawn in fields.items():
        for axis, found in zip(('across', 'along'), energies(drawn)):
            figures |= {f'energy_{name}_{axis}_{k}': value for k, value in enumerate(found)}
    return figures


if __name__ == '__main__':
    main()
