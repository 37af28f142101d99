# SPDX-License-Identifier: Apache-2.0
"""Figures of label maps: one confusion matrix for the whole split, other ways beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mmengine.dist as dist
import torch
from torch import Tensor

from ..checks import check_integers
from ..engine.notes import note
from ..errors import ConfigError, DataError, StageError, WSSSError
from ..ops.confusion import IGNORE, joint_counts
from ..registry import METRICS
from .border_truth import BorderTruth
from .mask_figures import mask_figures
from .mask_protocol import make_protocols
from .protocol_sums import ProtocolSums
from .running_metric import RunningMetric

HELD_OUT = ('exclude', 'include', 'only')


def sample_field(sample: Any, name: str, default: Any = None) -> Any:
    """Return a field or metainfo entry of a data sample, be it a dict or an object."""
    if isinstance(sample, dict):
        return sample.get(name, default)
    return sample.get(name, default) if hasattr(sample, 'get') else getattr(sample, name, default)


def label_map(sample: Any, name: str) -> Tensor | None:
    """Return ``sample.<name>.data`` as ``(H, W)``, or None if the sample has no such field."""
    field = sample_field(sample, name)
    data = sample_field(field, 'data')
    return None if data is None else data.squeeze(0)


@METRICS.register_module()
class MaskMetric(RunningMetric):
    """Figures of label maps under protocol M0, for pseudo labels and segmentors alike.

    One confusion matrix is summed over the split at the size of the truth. Pixels whose truth is
    255 are left out. Pixels predicted as 255 are left out of the figures as well, and ``coverage``
    says how large a share of the valid pixels is left. A class that occurs neither in the truth nor
    in the predictions is left out of the means and gets no figure. Only running sums are kept, so
    the memory does not grow with the split and ranks may hold different numbers of images.

    Reports, all in percent: ``mIoU``, ``mDice``, ``aAcc``, ``mOver``, ``mUnder``, ``coverage``, and
    ``IoU``, ``Dice``, ``Over`` and ``Under`` of each label as ``IoU/<class>``. Over- and
    under-activation are FP and FN divided by TP + FP + FN, so that they and the IoU sum to 100.
    Images without truth are passed over; if none has truth nothing is reported. The record says
    whether the labels are ``filtered``, made of the classes of the image label only, or ``open``.

    Args:
        held_out: What happens to images whose sample says ``held_out=True``: ``exclude`` keeps them
            out of the figures, so that those of all threshold protocols are of the same images;
            ``include`` counts them like others; ``only`` counts no others.
        presets: More ways to count, reported beside M0 as ``M1/mIoU``: names of
            :data:`wsss.evaluation.mask_protocol.PRESETS`, or dicts with the arguments of
            :class:`wsss.evaluation.mask_protocol.MaskProtocol`.
        merge: The label id that each predicted id counts as, where a network was trained on finer
            labels than those of the truth: ``(0, 1, 1)`` makes 2 a 1.
        faithful: Repeat what is known to be wrong in the code behind a preset: ``M2`` becomes
            ``M2_published``.
        prefix: Put before the names with a slash, as in mmengine.

    Raises:
        ConfigError: If a value is something else.

    Example:
        >>> MaskMetric(held_out='exclude', presets=['M1', 'M4']).held_out
        'exclude'
    """

    default_prefix = ''

    def __init__(
        self,
        held_out: str = 'exclude',
        presets: Sequence[str | dict] = (),
        faithful: bool = False,
        merge: Sequence[int] | None = None,
        prefix: str | None = None,
    ):
        super().__init__(prefix=prefix)
        if held_out not in HELD_OUT:
            raise ConfigError(
                f'MaskMetric.held_out must be one of {", ".join(HELD_OUT)}, got {held_out!r}'
            )
        self.held_out = held_out
        self.merge = None if merge is None else merge_table(merge)
        self.protocols = make_protocols(presets, faithful)
        self._reset()

    def _reset(self) -> None:
        self._counts: Tensor | None = None
        self._images = dict(seen=0, with_truth=0, counted=0, open=0)
        self._sums: list[ProtocolSums] = []

    def _names(self) -> Sequence[str]:
        names = (self.dataset_meta or {}).get('classes')
        if not names:
            raise ConfigError(
                'MaskMetric needs the label names: the data set of this stage has no '
                'metainfo["classes"] (background first).'
            )
        return names

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Add a batch.

        Args:
            data_batch: Not used.
            data_samples: Dicts or data samples with ``pred_sem_seg`` and, where there is truth,
                ``gt_sem_seg``; ``data`` of both is integer ``(1, H, W)``.

        Raises:
            DataError: If sizes differ or a label id does not exist, naming the image.
        """
        for sample in data_samples:
            self._images['seen'] += 1
            truth = label_map(sample, 'gt_sem_seg')
            if truth is None:
                continue
            self._images['with_truth'] += 1
            held_out = bool(sample_field(sample, 'held_out', False))
            if {'exclude': held_out, 'include': False, 'only': not held_out}[self.held_out]:
                continue
            self._images['counted'] += 1
            self._add(sample, truth)

    def _add(self, sample: Any, truth: Tensor) -> None:
        prediction = label_map(sample, 'pred_sem_seg')
        name = sample_field(sample, 'image_id') or sample_field(sample, 'img_path')
        num_labels = len(self._names())
        if prediction is None:
            raise DataError(f'MaskMetric: image {name!r} has no pred_sem_seg.')
        if self.merge is not None:
            prediction = self.merge.to(prediction.device)[prediction.long()]
        self._images['open'] += not _is_filtered(sample)
        try:
            counts = joint_counts(truth.to(prediction.device), prediction, num_labels)
            self._add_to_protocols(sample, name, truth, prediction)
        except WSSSError:
            raise
        except ValueError as error:
            raise DataError(
                f'MaskMetric: image {name!r}: {error}. Labels are counted at the size of the '
                'truth, with the label ids of the data set.'
            ) from error
        self._counts = counts if self._counts is None else self._counts + counts

    def _add_to_protocols(self, sample: Any, name: Any, truth: Tensor, prediction: Tensor) -> None:
        if not self._sums:
            self._sums = [ProtocolSums(each, len(self._names())) for each in self.protocols]
        fields = (sample_field(sample, key) for key in ('mask_path', 'mask_values'))
        file = BorderTruth(*fields, name)
        # samplers deal the images out one by one
        position = dist.get_rank() + dist.get_world_size() * (self._images['seen'] - 1)
        for sums in self._sums:
            border = sums.protocol.border
            own = truth if border is None else file.mapped(border, sums.protocol.name)
            sums.add(own.to(prediction.device), prediction, position)

    def evaluate(self, size: int) -> dict[str, float]:
        """Sum over the ranks and return the figures, the same on every rank.

        Args:
            size: Number of images of the split; not needed, as samplers do not pad.

        Raises:
            StageError: If no image was evaluated.
        """
        names = self._names()
        side = len(names) + 1
        counts = self._counts
        if counts is None:
            counts = torch.zeros(side, side, dtype=torch.int64)
        images = torch.tensor(list(self._images.values()))
        summed = torch.cat([counts.cpu().flatten(), images])
        dist.all_reduce(summed)
        seen, with_truth, counted, opened = summed[-4:].tolist()
        sums = self._sums or [ProtocolSums(each, len(names)) for each in self.protocols]
        self._reset()
        self.results.clear()
        if seen and not with_truth:
            note(metric='M0', images=0, images_without_truth=seen)
            return {}
        if not counted:
            raise StageError(
                f'MaskMetric evaluated zero images: {seen} passed, {with_truth} of them with '
                f'truth, none counted with held_out={self.held_out!r}. Check the split, and '
                'held_out of the data set and of MaskMetric.'
            )
        note(metric='M0', images=counted, images_without_truth=seen - with_truth)
        if with_truth > counted:
            note(images_left_out=with_truth - counted, held_out=self.held_out)
        note(label_filter='open' if opened else 'filtered')
        figures = mask_figures(summed[:-4].view(side, side), names)
        for each in sums:
            figures.update(each.figures())
        if sums:
            note(presets=dict(per_class={p.name: p.describe() for p in self.protocols}))
        prefix = f'{self.prefix}/' if self.prefix else ''
        return {f'{prefix}{name}': value for name, value in figures.items()}


def merge_table(merge: Sequence[int]) -> Tensor:
    """Return the id that each id 0..255 counts as; those that ``merge`` does not name stay.

    Raises:
        ConfigError: If it holds no ids.

    Example:
        >>> merge_table((0, 1, 1))[[0, 1, 2, 255]]
        tensor([  0,   1,   1, 255], dtype=torch.uint8)
    """
    ids = check_integers(merge, 'MaskMetric.merge', 0)
    if max(ids) >= IGNORE or len(ids) >= IGNORE:
        raise ConfigError(f'MaskMetric.merge must hold label ids below 255, got {merge!r}.')
    table = torch.arange(256, dtype=torch.uint8)
    table[: len(ids)] = torch.tensor(ids, dtype=torch.uint8)
    return table


def _is_filtered(sample: Any) -> bool:
    """Return whether the labels are made of maps of the classes of the image label only."""
    maps, labels = sample_field(sample, 'score_maps'), sample_field(sample, 'gt_label')
    if maps is None or labels is None:
        return False
    return set(maps.keys.tolist()) <= set(torch.as_tensor(labels).tolist())
