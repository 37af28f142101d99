# SPDX-License-Identifier: Apache-2.0
"""Find what would take channels of an image that are no colours for such."""

from __future__ import annotations

import inspect

from mmcv.transforms import BaseTransform
from mmengine.registry import MODELS

from ..datasets.transforms import AppendSaliency, PaddedCrop
from ..errors import ConfigError
from .config_check import find_class
from .files_read import find_readers
from .fingerprint import LOADERS

COLOURS = ('AutoAugment', 'ColorJitter', 'Lighting', 'RandAugment')


def check_padding(stage: dict, where: str, scope: str) -> None:
    """Refuse padded crops and saliency in front of what does not know their channels.

    Models and data preprocessors that do say so by ``takes_validity = True``. Transforms of colours
    have to come before.

    Args:
        stage: The resolved config of the stage.
        where: Its name, for messages.
        scope: Its default scope.

    Raises:
        ConfigError: Naming the transform, and the class that does not know it.
    """
    added = None
    for loader in LOADERS:
        found = _added(stage.get(loader), f'{where}.{loader}', scope)
        added = added or found
    if added is None:
        return
    model = stage['model']
    preprocessor = model.get('data_preprocessor') or stage.get('data_preprocessor') or {}
    for key, part in (('model', model), ('model.data_preprocessor', preprocessor)):
        kind = part.get('type')  # a preprocessor without is that of the model
        cls = kind if inspect.isclass(kind) else kind and find_class(MODELS, kind, scope)
        if cls and not getattr(cls, 'takes_validity', False):
            raise ConfigError(
                f'{where}.{key}.type: {kind} does not know the fourth channel of {added}, which '
                'says where an image is padded. Use wsss.CAMClassifier, which comes with '
                "wsss.CAMPreprocessor, or crop with dict(type='RandomCrop', pad_if_needed=True)."
            )


def _added(loader: dict | None, where: str, scope: str) -> str | None:
    """Return the key of the first transform that adds channels.

    Raises:
        ConfigError: If colours are changed after it.
    """
    added = None
    for key, config, cls in find_readers(loader, where, scope, BaseTransform):
        if issubclass(cls, (AppendSaliency, PaddedCrop)):
            added = added or key
        elif added and cls.__name__ in COLOURS:
            raise ConfigError(
                f'{key}: {config["type"]} would change channels of {added} that are no colours. '
                'Put it before.'
            )
    return added
