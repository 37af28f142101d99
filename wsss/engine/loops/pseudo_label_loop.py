# SPDX-License-Identifier: Apache-2.0
"""Choose the background threshold, then label every image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.dist import is_main_process
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner, TestLoop
from torch.utils.data import DataLoader

from ...checks import check_unit
from ...datasets.metainfo import label_info
from ...errors import ConfigError
from ...evaluation.curve_plot import plot_curve
from ...evaluation.mask_metric import MaskMetric, label_map
from ...evaluation.threshold_curve import ThresholdCurve
from ...fileio import write_json
from ...models.pseudo_label_model import PseudoLabelModel
from ...pseudo_labels.thresholds import DEFAULT_GRID, FixedThreshold, Threshold, ThresholdChoice
from ...registry import LOOPS, THRESHOLDS, build
from ..model_wrappers import unwrapped
from ..notes import note

_PARTS = {'exclude': 'rest', 'include': 'all', 'only': 'held_out'}


@LOOPS.register_module()
class PseudoLabelLoop(TestLoop):
    """Two passes over the score maps: the first chooses the threshold, the second labels.

    The first pass sums the threshold curve over all images with truth. It is made even where no
    threshold is searched, because the best threshold in hindsight (``oracle_mIoU``,
    ``oracle_threshold``) is what the chosen one is to be compared with. ``threshold.json``,
    ``curve.json`` and ``curve.png`` are written to the folder of the stage; the last two only where
    there is truth. The second pass is an ordinary test loop with writers and metrics.

    Beside the figures of the metrics it reports, where there is truth, ``oracle_mIoU`` and
    ``oracle_threshold`` (best mIoU of a single threshold on the reported images), and where one
    threshold was chosen, ``threshold`` and ``mIoU_all_images_at_threshold`` (of that single
    threshold, images that chose it included). ``also_at`` adds ``mIoU_at_0.15`` and the like.

    Args:
        runner: The Runner; its model is a :class:`wsss.models.PseudoLabelModel`.
        dataloader: Of ``LoadScores``, ``LoadMask(optional=True)``, ``PackScores``.
        evaluator: Metrics, usually one ``MaskMetric``.
        fp16: As in mmengine.
        threshold: Config of a threshold source. None uses the value of the labeler itself. It is
            not used by a labeler that has no threshold to search, such as ``Otsu``.
        also_at: Thresholds whose mIoU on the reported images is wanted beside, for instance the
            one that a paper fixes; each one of those that are tried (0, 0.01, ..., 1 by default).

    Raises:
        ConfigError: If labeler and threshold source both give a value, or none does, or a value
            of ``also_at`` is not tried.

    Example:
        >>> test_cfg = dict(type='wsss.PseudoLabelLoop', threshold=dict(type='HeldOutThreshold'))
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        fp16: bool = False,
        threshold: dict | Threshold | None = None,
        also_at: Sequence[float] = (),
    ):
        super().__init__(runner, dataloader, evaluator, fp16)
        if threshold is not None:
            threshold = build(THRESHOLDS, threshold, 'test_cfg.threshold')
        self.source: Threshold | None = threshold
        self.also_at = [
            check_unit(value, f'test_cfg.also_at[{i}]') for i, value in enumerate(also_at)
        ]
        self._labeler = None

    @property
    def model(self) -> PseudoLabelModel:
        """The model without the wrapper of a distributed run."""
        model = unwrapped(self.runner.model)
        if not isinstance(model, PseudoLabelModel):
            raise ConfigError(
                f'test_cfg: PseudoLabelLoop needs a wsss.PseudoLabelModel, got '
                f'{type(model).__name__}.'
            )
        return model

    def run(self) -> dict[str, float]:
        """Choose the threshold, label the images, return the figures."""
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        self.runner.model.eval()
        figures = self._prepare()
        for idx, data_batch in enumerate(self.dataloader):
            self.run_iter(idx, data_batch)
        metrics = self.evaluator.evaluate(len(self.dataloader.dataset))
        metrics.update(figures)
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics

    def _prepare(self) -> dict[str, float]:
        """Make the first pass, set the labeler and write the files."""
        model, metainfo = self.model, self._metainfo()
        if model.class_to_label is None:
            model.class_to_label = tuple(metainfo['class_to_label'])
        self._labeler = self._labeler or model.labeler
        source = self._source()
        curve = ThresholdCurve(
            DEFAULT_GRID if source is None else source.grid(),
            len(metainfo['classes']),
            self._reported(),
        )
        self._accumulate(curve, source is not None and source.reads_scores)
        choice = None
        if source is not None:
            choice = source.choose(curve)
            if choice.values is None:
                model.labeler = self._labeler.with_threshold(choice.value)
            else:
                model.labeler = self._labeler.with_thresholds(choice.values)
        return self._report(curve, choice)

    @torch.no_grad()
    def _accumulate(self, curve: ThresholdCurve, without_truth: bool) -> None:
        for data_batch in self.dataloader:
            samples = data_batch['data_samples']
            if not without_truth:
                samples = [s for s in samples if label_map(s, 'gt_sem_seg') is not None]
            if not samples:
                continue
            for sample, label, score in self.model.reduce({'data_samples': samples}):
                truth = label_map(sample, 'gt_sem_seg')
                curve.update(truth, label, score, sample.get('held_out', False))
        curve.reduce()

    def _source(self) -> Threshold | None:
        """Return where the threshold comes from; None if the labeler has none to be set."""
        labeler = self._labeler
        if not labeler.searchable:
            return None
        if labeler.threshold is None and self.source is None:
            labeler.needs_threshold()
        if labeler.threshold is not None and self.source is not None:
            raise ConfigError(
                f'model.labeler ({type(labeler).__name__}) has the threshold '
                f'{labeler.threshold:.6g} and test_cfg.threshold ({type(self.source).__name__}) '
                'is to choose one. Set one of the two to None.'
            )
        return self.source or FixedThreshold(labeler.threshold)

    def _at_fixed(self, curve: ThresholdCurve) -> dict[str, float]:
        """Return the mIoU at each threshold of ``also_at``."""
        try:
            return {f'mIoU_at_{v:g}': curve.at(v, curve.reported) for v in self.also_at}
        except KeyError as error:
            raise ConfigError(f'test_cfg.also_at: {error.args[0]}, whose step is 0.01.') from None

    def _reported(self) -> str:
        """Return the part of the images that the metric reports."""
        metrics = [m for m in self.evaluator.metrics if isinstance(m, MaskMetric)]
        return _PARTS[metrics[0].held_out] if metrics else 'rest'

    def _metainfo(self) -> dict:
        return label_info(self.dataloader.dataset)

    def _report(self, curve: ThresholdCurve, choice: ThresholdChoice | None) -> dict[str, float]:
        """Write the files and notes; return the figures that belong to the threshold."""
        labeler = self.model.labeler
        chosen = {
            'value': None if choice is None else choice.value,
            'protocol': labeler.protocol if choice is None else choice.protocol,
            'chosen_on': 'nothing, the labeler has no searched threshold',
            'num_images': 0,
            **({} if choice is None else choice.to_dict()),
            'split': getattr(self.dataloader.dataset, 'split', None),
            'labeler': labeler.describe(),
        }
        note(
            split=chosen['split'],
            protocol=chosen['protocol'],
            threshold=chosen['value'],
            threshold_chosen_on=chosen['chosen_on'],
            labeler=chosen['labeler'],
        )
        figures: dict[str, float] = {}
        content = curve.to_dict()
        if choice is not None and choice.values is not None:
            names = self._metainfo()['classes'][1:]
            note(threshold_by_class=dict(zip(names, choice.values)))
            if curve.num_images('all'):
                figures['mIoU_all_images_at_threshold'] = curve.at_labels(choice.values, 'all')
        elif choice is not None:
            figures['threshold'] = choice.value
            content['chosen'] = dict(threshold=choice.value, protocol=choice.protocol)
            if curve.num_images('all'):
                figures['mIoU_all_images_at_threshold'] = curve.at(choice.value, 'all')
        if curve.num_images(curve.reported):
            threshold, miou = curve.best(curve.reported)
            figures.update(oracle_mIoU=miou, oracle_threshold=threshold)
            content['oracle'] = dict(threshold=threshold, mIoU=miou, part=curve.reported)
            figures.update(self._at_fixed(curve))
        if is_main_process():
            folder = Path(self.runner.work_dir)
            write_json(folder / 'threshold.json', chosen)
            if curve.num_images('all'):
                write_json(folder / 'curve.json', content)
                plot_curve(content, folder / 'curve.png', f'split {chosen["split"]}')
            self.runner.logger.info(
                f'Background threshold{_shown(choice)} (protocol {chosen["protocol"]}, chosen on '
                f'{chosen["chosen_on"]})'
            )
        return {name: value for name, value in figures.items() if not math.isnan(value)}


def _shown(choice: ThresholdChoice | None) -> str:
    if choice is None:
        return ''
    if choice.values is None:
        return f' = {choice.value:.4g}'
    low, high = min(choice.values), max(choice.values)
    return f's of {len(choice.values)} labels = {low:.4g} to {high:.4g}'
