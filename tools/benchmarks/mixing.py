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
from functools import partial
from pathlib import Path

import numpy as np
import torch
from mmpretrain.structures import DataSample
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))
from common import interleaved, make_parser, medians, prepare, report, time_row
from light_classifier import BATCH, CLASSES, SIDE, make_model, make_step

from wsss.augment import FMix
from wsss.ops.fourier_masks import cut_fields, low_frequency_fields

DECAY, SHARE = 3.0, 0.37
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


def make_batch(inputs: list[Tensor]) -> dict:
    """Return what a loader hands on, with one class for each image."""
    samples = [DataSample().set_gt_label(torch.tensor([i % CLASSES])) for i in range(len(inputs))]
    return dict(inputs=list(inputs), data_samples=samples)


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
        inputs = list(torch.randint(0, 256, (BATCH, 3, SIDE, SIDE), dtype=torch.uint8))
        batch = partial(make_batch, inputs)
        ways = {name: make_step(make_model(mixing=way), batch) for name, way in WAYS.items()}
        times = interleaved(ways, args.rounds)
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
