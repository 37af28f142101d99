# SPDX-License-Identifier: Apache-2.0
"""Decide once which side of class-agnostic maps is the object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce, broadcast, get_world_size
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor

from ...checks import check_choice, check_integer
from ...errors import ConfigError
from ...ops.modes import evaluating
from ...ops.polarity import center_excess, correlation, frame_mean
from ...registry import HOOKS
from ..model_wrappers import unwrapped
from ..notes import note

MODES = ('border', 'center', 'classcam')


@HOOKS.register_module()
class PolarityHook(Hook):
    """Set the signs of a :class:`wsss.models.CCAM` after its training.

    Foreground and background are the same to its losses. One pass over the images, each seen whole
    at one scale, tells them apart: one sign for each of the model's groups, kept in the weights.
    Deciding for each image anew would turn pictures that the object fills.

    Args:
        mode: ``border``: the object is what the frame of the images holds less of (C2AM's rule;
            foreground probability below 0.5 in the mean over all frames). ``center``: what their
            middle holds more of. ``classcam``: what goes with the class activation maps of an
            earlier stage, which is safe where objects touch the frame, and uses image labels.
        dataset: Data set of the images. Its pipeline ends with ``wsss.PackViews`` of one view, and
            begins with ``wsss.LoadScores`` for ``classcam``.
        batch_size: Images at a time, of all processes together.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> custom_hooks = [dict(type='wsss.PolarityHook', mode='border', dataset=dict())]
    """

    def __init__(self, dataset: dict, mode: str = 'border', batch_size: int = 16):
        self.mode = check_choice(mode, 'PolarityHook.mode', MODES)
        self.dataset = dataset
        self.batch_size = check_integer(batch_size, 'PolarityHook.batch_size', 1)
        self._loader = None

    @torch.no_grad()
    def before_train(self, runner: Runner) -> None:
        """Look at one batch, so that a mistake is not found after all epochs.

        Raises:
            ConfigError: If the model has no signs, or maps are missing.
        """
        model = unwrapped(runner.model)
        if not hasattr(model, 'signs'):
            raise ConfigError(
                f'PolarityHook sets the signs of a CCAM, and {type(model).__name__} has none. '
                'Remove the hook from custom_hooks.'
            )
        self._loader = runner.build_dataloader(
            dict(
                batch_size=-(-self.batch_size // get_world_size()),
                dataset=self.dataset,
                sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
                collate_fn=dict(type='pseudo_collate'),
                worker_init_fn=dict(type='wsss.seed_worker'),
                num_workers=2,
            )
        )
        with evaluating(model):
            self.votes(model, next(iter(self._loader)))

    @torch.no_grad()
    def after_train(self, runner: Runner) -> None:
        """Look at all images and set the signs."""
        model = unwrapped(runner.model)
        for buffer in model.buffers():
            broadcast(buffer)  # statistics of batch norm differ, and the weights kept are rank 0's
        sums = torch.zeros(2, len(model.signs), dtype=torch.float64)
        with evaluating(model):
            for batch in self._loader:
                for group, vote in self.votes(model, batch):
                    sums[:, group] += torch.tensor([vote, 1.0])
        all_reduce(sums)
        means = sums[0] / sums[1].clamp(min=1)
        model.signs.copy_(torch.where(means < 0, -1.0, 1.0))
        turned = int((means < 0).sum())
        print_log(f'polarity by {self.mode}: {turned} of {len(means)} models turned', 'current')
        note(polarity=self.mode, polarity_votes=[round(vote, 4) for vote in means.tolist()])

    def votes(self, model: Any, batch: dict) -> list[tuple[int, float]]:
        """Return the group of each image, and a vote above 0 if its map is the right way round."""
        members = defaultdict(list)
        for views, sample in zip(batch['inputs'], batch['data_samples']):
            group = model.group_of(sample.get('gt_label', torch.zeros(0)))
            members[group, tuple(views[0].shape)].append((views[0], sample))
        found = []
        for (group, _), own in members.items():
            views, samples = zip(*own)
            images = model.normalize_views(torch.stack(views))
            foreground = model.members[group](images)[0][:, 0].sigmoid()
            votes = self.vote(foreground, samples)
            found += [(group, vote) for vote in votes.tolist()]
        return found

    def vote(self, foreground: Tensor, samples: Sequence) -> Tensor:
        """Return the votes ``(N,)`` of maps ``(N, h, w)``."""
        if self.mode == 'border':
            return 0.5 - frame_mean(foreground)
        if self.mode == 'center':
            return center_excess(foreground)
        maps = [self._class_maps(sample, foreground) for sample in samples]
        return correlation(foreground, torch.stack(maps))

    def _class_maps(self, sample: Any, foreground: Tensor) -> Tensor:
        """Return the largest of the class maps of an image on the grid of ``foreground``."""
        if 'score_maps' not in sample:
            raise ConfigError(
                "PolarityHook(mode='classcam') needs the maps of an earlier stage: put dict(type="
                "'wsss.LoadScores', folder='@cams/scores') first into the pipeline of its dataset."
            )
        scores = sample.score_maps.scores.float().to(foreground.device)
        if not len(scores):
            return foreground.new_zeros(foreground.shape[1:])
        best = scores.amax(0)[None, None]
        return F.interpolate(best, foreground.shape[1:], mode='bilinear', antialias=True)[0, 0]
