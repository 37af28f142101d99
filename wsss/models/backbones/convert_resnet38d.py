# SPDX-License-Identifier: Apache-2.0
"""Public ImageNet weights of ResNet-38 as weights of :class:`ResNet38d`."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...engine.checkpoint import check_fit, save, state_dict_of
from ...engine.mxnet_file import is_mxnet_file, read_mxnet_file
from ...engine.weights_file import load
from ...errors import CheckpointError
from .resnet38d import BOTTLENECKS, ResNet38d

_BRANCH = r'branch(?P<branch>1|2a|2b1|2b2)'
_MXNET = re.compile(
    rf'(?P<kind>res|bn)(?P<stage>\d)(a|b(?P<block>\d+))_{_BRANCH}_(?P<field>\w+)', re.ASCII
)
_PSA = re.compile(
    rf'b(?P<stage>\d)(_(?P<block>\d+))?\.(?P<kind>conv|bn)_{_BRANCH}\.(?P<field>\w+)', re.ASCII
)
_ENDS = re.compile(r'(?P<layer>conv1a|bn7)[_.](?P<field>\w+)', re.ASCII)
_NUMBER = {'2a': 1, '2b1': 2, '2b2': 3}
_FIELD = dict(gamma='weight', beta='bias', moving_mean='running_mean', moving_var='running_var')
_CLASSIFIER = 'linear1000_'


def convert_resnet38d(source: str | Path, target: str | Path) -> str:
    """Write public weights of ResNet-38 as a state dict of :class:`ResNet38d`.

    Args:
        source: ``ilsvrc-cls_rna-a1_cls1000_ep-0001.params`` of the release of "Wider or Deeper"
            (read without MXNet), or the ``.pth`` of the same name that PSA's code makes of it.
        target: Written in one step.

    Returns:
        A line that says what was written.

    Raises:
        CheckpointError: If the source cannot be read, or is not exactly the weights of the network.
    """
    given = _read(Path(source))
    names = {name: own_name(name) for name in given if not _bare(name).startswith(_CLASSIFIER)}
    twice = [name for name, count in Counter(names.values()).items() if count > 1]
    if twice:
        raise CheckpointError(f'weights {source} have several arrays for {", ".join(twice[:4])}.')
    weights = {own: given[name] for name, own in names.items()}
    with torch.device('meta'):  # names and shapes alone
        net = ResNet38d()
    check_fit(net, weights, str(source))
    save(weights, target)
    return f'{target}: {len(weights)} tensors of ResNet38d'


def own_name(name: str) -> str:
    """Return the name in :class:`ResNet38d` of an array; one that is not of it stays as it is.

    Args:
        name: As in the release (``arg:res4b1_branch2a_weight``) or in PSA's code
            (``b4_1.conv_branch2a.weight``).

    Example:
        >>> own_name('aux:bn4b1_branch2a_moving_var'), own_name('b6.conv_branch1.weight')
        ('b4.1.bn1.running_var', 'b6.shortcut.weight')
    """
    bare = _bare(name)
    if match := _ENDS.fullmatch(bare):
        return f'{match["layer"]}.{_field(match["field"])}'
    match = _MXNET.fullmatch(bare) or _PSA.fullmatch(bare)
    norm = match is not None and match['kind'] == 'bn'
    if match is None or (norm and match['branch'] == '1'):
        return name
    stage = f'b{match["stage"]}'
    if match['block'] or stage not in BOTTLENECKS:
        stage = f'{stage}.{match["block"] or 0}'
    number = _NUMBER.get(match['branch'])
    layer = f'{"bn" if norm else "conv"}{number}' if number else 'shortcut'
    return f'{stage}.{layer}.{_field(match["field"])}'


def _bare(name: str) -> str:
    return name.removeprefix('arg:').removeprefix('aux:')


def _field(name: str) -> str:
    return _FIELD.get(name, name)


def _read(path: Path) -> dict[str, Tensor]:
    if path.is_file() and is_mxnet_file(path):
        arrays = read_mxnet_file(path)
        return {name: torch.from_numpy(a.astype(np.float32)) for name, a in arrays.items()}
    return state_dict_of(load(path))
