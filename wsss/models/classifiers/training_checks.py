# SPDX-License-Identifier: Apache-2.0
"""What a classifier cannot be trained with, said before the training.

mmpretrain refuses with bare asserts, or in the middle of a training, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mmpretrain.models import MultiLabelClsHead
from torch import nn

from ...augment.manifold_mixup import INPUT, ManifoldMixup
from ...checks import check_number, check_unit
from ...errors import ConfigError
from ..losses import MapLoss

PLACE = 'model.data_preprocessor'


def check_loss(head: nn.Module | None) -> None:
    """Refuse a softmax over the classes in a head that predicts each class by itself.

    Raises:
        ConfigError: Saying which loss to take.
    """
    loss = getattr(head, 'loss_module', None)
    if not isinstance(head, MultiLabelClsHead) or not isinstance(loss, nn.Module):
        return
    if any(getattr(part, 'use_sigmoid', None) is False for part in loss.modules()):
        raise ConfigError(
            f'model.head.loss: {type(loss).__name__} is a softmax, in which one class of an image '
            f'wins, and {type(head).__name__} predicts each class by a sigmoid. Take '
            "model.head.loss=dict(type='CrossEntropyLoss', use_sigmoid=True), or, where images "
            "have one class, model.head.type='LinearClsHead'."
        )


def check_map_losses(
    map_losses: Sequence[MapLoss],
    head: nn.Module | None,
    augments: Iterable[Any],
    gives_features: bool,
) -> None:
    """Refuse terms on maps with a model, a head or batch augments that they cannot work with.

    Args:
        map_losses: All terms of the classifier.
        head: Of the classifier.
        augments: Of its data preprocessor.
        gives_features: Whether the model gives terms the features of cells.

    Raises:
        ConfigError: Naming what does not fit.
    """
    for term in map_losses:
        if term.needs_features and not gives_features:
            raise ConfigError(
                f'model.map_losses: {type(term).__name__} needs features of the cells, which this '
                "model does not give. Use it in model.type='wsss.SPCAMClassifier', or remove it."
            )
    names = [type(term).__name__ for term in map_losses if term.needs_saliency]
    if not names:
        return
    if not hasattr(head, 'maps'):
        raise ConfigError(
            f'model.map_losses: {names[0]} needs a map of the background, which '
            f"{type(head).__name__} has not. Set model.head.type='wsss.EPSHead'."
        )
    for augment in augments:
        if isinstance(augment, ManifoldMixup) and augment.stages != [INPUT]:
            raise ConfigError(
                f'{PLACE}.batch_augments: ManifoldMixup mixes within the network, where the '
                f'saliency of {names[0]} is not mixed. Use its stage {INPUT!r} alone, or another '
                'method.'
            )


def check_background(map_losses: Iterable[MapLoss], head: nn.Module) -> None:
    """Refuse to train a map of the background that no term teaches.

    Only a training asks: at test weights are there already.

    Raises:
        ConfigError: Saying what to add.
    """
    if hasattr(head, 'maps') and not any(term.needs_saliency for term in map_losses):
        raise ConfigError(
            f'model.head: {type(head).__name__} has a map of the background, and nothing '
            "teaches it. Add dict(type='wsss.EPSLoss') to model.map_losses, or take "
            'MultiLabelLinearClsHead.'
        )


def check_distillation(head: nn.Module | None, neck: nn.Module | None) -> None:
    """Refuse the comparison of features of which the neck leaves out some.

    Raises:
        ConfigError: Saying what to set.
    """
    kinds = {getattr(term, 'kind', None) for term in getattr(head, 'distill', ())}
    found = sorted(kinds & {'feature', 'relation'})
    if found and getattr(neck, 'dropout', 0):
        raise ConfigError(
            f'model.head.distill: kind={found[0]!r} compares features with those of the teacher, '
            f'and {type(neck).__name__} leaves out a share of {neck.dropout:g} of them. Set '
            'model.neck.dropout=0, or take another kind.'
        )


def checked_mixing(preprocessor: dict) -> dict:
    """Return the config of a data preprocessor with usable ``batch_augments``.

    Args:
        preprocessor: ``model.data_preprocessor``; without ``batch_augments`` it is returned as it
            is.

    Raises:
        ConfigError: Naming the key.
    """
    mixing = preprocessor.get('batch_augments')
    if not mixing:
        return preprocessor
    if not preprocessor.get('num_classes'):
        raise ConfigError(
            f'{PLACE}.num_classes must be set with batch_augments: labels are mixed as numbers of '
            "all classes. Set to_onehot=True and num_classes='@data/num_classes'."
        )
    augments = mixing.get('augments')
    augments = list(augments) if isinstance(augments, (list, tuple)) else [augments]
    where = f'{PLACE}.batch_augments'
    checked = [_augment(own, f'{where}.augments[{i}]') for i, own in enumerate(augments)]
    mixing = {**mixing, 'augments': checked}
    if mixing.get('probs') is not None:
        mixing['probs'] = _probabilities(mixing['probs'], len(checked), f'{where}.probs')
    return {**preprocessor, 'batch_augments': mixing}


def _augment(config: Any, where: str) -> Any:
    """Return the config of an augment; ours and those of users check themselves."""
    name = config.get('type') if isinstance(config, dict) else None
    if str(name).removeprefix('mmpretrain.') not in ('Mixup', 'CutMix', 'ResizeMix'):
        return config
    config = dict(config)
    # mmpretrain takes no 1 for 1.0
    config['alpha'] = check_number(config.get('alpha'), f'{where}.alpha', 0, above=True)
    for key in ('lam_min', 'lam_max'):
        if key in config:
            check_unit(config[key], f'{where}.{key}')
    for i, area in enumerate(config.get('cutmix_minmax') or ()):
        check_number(area, f'{where}.cutmix_minmax[{i}]', 0, 1, below=True)
    return config


def _probabilities(values: float | Sequence[float], count: int, where: str) -> list[float]:
    values = list(values) if isinstance(values, (list, tuple)) else [values]
    checked = [check_unit(value, f'{where}[{i}]') for i, value in enumerate(values)]
    if len(checked) != count or sum(checked) > 1 + 1e-6:
        raise ConfigError(
            f'{where} must be {count} numbers, one for each of augments, whose sum is at most 1 '
            f'(the rest of the batches stays as it is), got {values!r}.'
        )
    return checked
