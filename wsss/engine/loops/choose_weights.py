# SPDX-License-Identifier: Apache-2.0
"""Choose among the weights of several trainings on held-out images."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

from mmengine.dist import barrier, broadcast_object_list, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.registry import DATASETS
from mmengine.runner import Runner, TestLoop
from torch.utils.data import DataLoader

from ...checks import check_choice
from ...datasets.base import WSSSDataset
from ...errors import ConfigError
from ...fileio import read_json, write_json
from ...registry import LOOPS
from .. import checkpoint
from ..notes import note, read_notes
from ..reads_weights import ReadsWeights

RULES = ('best', 'stop')
CHOSEN = 'weights.pth'
FIGURES = 'candidates.json'


def choose(figures: dict[str, float], rule: str) -> str:
    """Return the name that a rule chooses.

    Args:
        figures: Name -> figure, in order; larger is better.
        rule: ``best``: the largest, of equal ones the first; ``stop``: the last before the figure
            drops for the first time.

    Example:
        >>> rounds = dict(segmentor=60.0, round1=62.0, round2=61.0, round3=63.0)
        >>> choose(rounds, 'best'), choose(rounds, 'stop')
        ('round3', 'round1')
    """
    names = list(figures)
    if rule == 'best':
        return max(names, key=figures.get)
    for name, following in zip(names, names[1:]):
        if figures[following] < figures[name]:
            return name
    return names[-1]


@LOOPS.register_module()
class ChooseWeights(TestLoop, ReadsWeights):
    """Evaluate several weights on the held-out images of a data set and keep the chosen ones.

    Writes ``weights.pth``, which a later stage loads with ``load_from='@chosen/weights.pth'``, and
    ``candidates.json`` with all figures of all candidates. Those that are in it already are not
    evaluated again when a stopped stage goes on. The figures returned are those of the chosen one;
    the record has ``candidates``, ``chosen`` and ``rule``.

    Only images whose sample says ``held_out=True`` are looked at: the fraction ``held_out`` of the
    training images, never those that results are reported of. The metric counts them with
    ``wsss.MaskMetric(held_out='only')``.

    Args:
        runner: The Runner; its model fits all candidates.
        dataloader: Of a data set with held-out images.
        evaluator: Metrics.
        fp16: As in mmengine.
        candidates: Weights files in the folders of their stages, in the order of the trainings.
        rule: ``best`` or ``stop``, see :func:`choose`.
        key: The figure that decides; larger is better.

    Raises:
        ConfigError: If an argument is not usable, or no image is held out.

    Example:
        >>> test_cfg = dict(
        ...     type='wsss.ChooseWeights', rule='stop',
        ...     candidates=['@segmentor/weights.pth', '@round1/weights.pth'])
    """

    # without which the stage is not done
    results = (CHOSEN, FIGURES)
    located_by = ('candidates',)
    held_out_only = True
    """Most images of the data set are left out."""

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        fp16: bool = False,
        candidates: Sequence[str] = (),
        rule: str = 'best',
        key: str = 'mIoU',
    ):
        names = [Path(path).parent.name for path in candidates]
        if isinstance(candidates, str) or not names or len(set(names)) < len(names):
            raise ConfigError(
                'test_cfg.candidates must be weights files of different stages, such as '
                f"'@segmentor/weights.pth', got {candidates!r}."
            )
        self.candidates = dict(zip(names, candidates))
        self.rule, self.key = check_choice(rule, 'test_cfg.rule', RULES), key
        if isinstance(dataloader, dict):
            dataloader = held_out_part(dataloader)
        super().__init__(runner, dataloader, evaluator, fp16)

    @staticmethod
    def weights_files(config: dict) -> dict[str, dict | None]:
        """Return the candidates."""
        return dict.fromkeys(config['candidates'])

    def run(self) -> dict[str, float]:
        """Evaluate the candidates, write the chosen weights, return their figures."""
        folder = Path(self.runner.work_dir)
        found = self._known(folder / FIGURES)
        self.runner.call_hook('before_test')
        for name, path in self.candidates.items():
            if name not in found:
                metrics = self._evaluate(path)
                found[name] = dict(metrics=metrics, notes=read_notes())
                if is_main_process():
                    write_json(folder / FIGURES, found)
        figures = {name: found[name]['metrics'][self.key] for name in self.candidates}
        chosen = choose(figures, self.rule)
        note(**found[chosen]['notes'])
        note(candidates=figures, chosen=chosen, rule=self.rule, chosen_on='held-out images')
        if is_main_process():
            weights = checkpoint.load(self.candidates[chosen])
            checkpoint.save(checkpoint.state_dict_of(weights), folder / CHOSEN)
            shown = ', '.join(f'{name} {value:.2f}' for name, value in figures.items())
            self.runner.logger.info(f'Held-out {self.key}: {shown}. Chosen ({self.rule}): {chosen}')
        barrier()
        self.runner.call_hook('after_test')
        return found[chosen]['metrics']

    def _known(self, path: Path) -> dict[str, dict]:
        """Return what an earlier start has found; one rank looks, so that all agree."""
        known = [read_json(path, 'figures') if is_main_process() and path.is_file() else {}]
        broadcast_object_list(known)
        return known[0]

    def _evaluate(self, path: str) -> dict[str, float]:
        self.runner._load_from = path  # messages about weights that do not fit name it
        self.runner.load_checkpoint(path)
        self.runner.call_hook('before_test_epoch')
        self.runner.model.eval()
        for idx, data_batch in enumerate(self.dataloader):
            self.run_iter(idx, data_batch)
        metrics = self.evaluator.evaluate(len(self.dataloader.dataset))
        if self.key not in metrics:
            raise ConfigError(
                f'test_cfg.key {self.key!r} is no figure of the stage. There are: '
                f'{", ".join(sorted(metrics)) or "none, as no held-out image has a mask"}.'
            )
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        return {name: float(value) for name, value in metrics.items()}


def held_out_part(loader: dict) -> dict:
    """Return the config of a loader with the held-out images of its data set alone.

    Raises:
        ConfigError: If there are none.
    """
    loader = copy.deepcopy(loader)
    dataset = DATASETS.build(loader['dataset'])
    if not isinstance(dataset, WSSSDataset):
        raise ConfigError(
            f'test_dataloader.dataset is a {type(dataset).__name__}: choosing needs the held-out '
            'images of one data set of this package, without a wrapper.'
        )
    chosen = [i for i in range(len(dataset)) if dataset.get_data_info(i).get('held_out')]
    if not chosen:
        raise ConfigError(
            'test_dataloader.dataset has no held-out images to choose on. Set held_out, such as '
            'data.train.held_out=0.1, or take a split that is held out.'
        )
    loader['dataset'] = dataset.get_subset(chosen)
    return loader
