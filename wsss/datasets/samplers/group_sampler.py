# SPDX-License-Identifier: Apache-2.0
"""Batches whose images are all of one group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Sized

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from ...checks import check_integer, check_integers
from ...errors import ConfigError
from ...registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class GroupSampler(Sampler):
    """Orders images so that each batch holds those of one group.

    For :class:`wsss.models.CCAM` with a model for each group. Every image is seen once in an epoch
    but for the last batch of a group, which begins with its first images again; a group smaller
    than a batch is repeated. Batches of all groups are shuffled.

    Args:
        dataset: With ``get_cat_ids``, as :class:`wsss.datasets.WSSSDataset` has; the first class
            of an image counts.
        group_by: Group of each class.
        batch_size: Of all processes together: that of the loader.
        shuffle: False keeps images and groups in order.
        seed: None takes one that all processes share.

    Raises:
        ConfigError: If the batch cannot be shared by the processes, or a class has no group.

    Example:
        >>> loader = dict(batch_size=16, sampler=dict(
        ...     type='wsss.GroupSampler', group_by=[0, 1, 1], batch_size=16))
    """

    def __init__(
        self,
        dataset: Sized,
        group_by: Sequence[int],
        batch_size: int,
        shuffle: bool = True,
        seed: int | None = None,
    ):
        self.rank, self.world = get_dist_info()
        self.batch = check_integer(batch_size, 'GroupSampler.batch_size', 1)
        if self.batch % self.world:
            raise ConfigError(
                f'GroupSampler.batch_size: {self.batch} images (all processes together) cannot be '
                f'shared by {self.world} processes. Choose a multiple of {self.world}.'
            )
        group_by = check_integers(group_by, 'GroupSampler.group_by', 0)
        members = defaultdict(list)
        for index in range(len(dataset)):
            classes = dataset.get_cat_ids(index)
            if not classes or min(classes) >= len(group_by):
                raise ConfigError(
                    f'GroupSampler.group_by names the groups of the classes 0..{len(group_by) - 1};'
                    f' image {index} of the data set has the classes {list(classes)}.'
                )
            members[group_by[min(classes)]].append(index)
        self.members = [torch.tensor(members[group]) for group in sorted(members)]
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self.batches = sum(-(-len(own) // self.batch) for own in self.members)

    @staticmethod
    def draws(images: int, group_by: Sequence[int], batch_size: int, **kwargs) -> int:
        """Return how many images all processes together draw in an epoch.

        Args:
            images: Spread evenly over the classes.
            group_by: As of the sampler.
            batch_size: Likewise.
            **kwargs: Other arguments of the sampler, which do not matter.
        """
        parts = len(group_by) * batch_size
        return batch_size * sum(-(-images * size // parts) for size in Counter(group_by).values())

    def __iter__(self) -> Iterator[int]:
        """Yield the indices of this process."""
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        batches = []
        for own in self.members:
            order = own[torch.randperm(len(own), generator=generator)] if self.shuffle else own
            wanted = -(-len(own) // self.batch) * self.batch
            batches += order.repeat(-(-wanted // len(own)))[:wanted].split(self.batch)
        places = range(len(batches))
        if self.shuffle:
            places = torch.randperm(len(batches), generator=generator).tolist()
        for place in places:
            yield from batches[place][self.rank :: self.world].tolist()

    def __len__(self) -> int:
        """Return the number of indices of this process."""
        return self.batches * self.batch // self.world

    def set_epoch(self, epoch: int) -> None:
        """Shuffle by the number of the epoch."""
        self.epoch = epoch
