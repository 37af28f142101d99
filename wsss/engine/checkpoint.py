# SPDX-License-Identifier: Apache-2.0
"""Weights and checkpoints: whole or absent on disk, checked on loading, never executed.

A checkpoint of ours holds tensors, numbers, strings and containers of them, nothing else, so that
``torch.load(weights_only=True)`` reads it. mmengine falls back to unpickling anything; the loaders
registered by :func:`register_loaders` do not.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import CheckpointLoader
from torch import nn

from ..errors import CheckpointError, near_matches
from ..fileio import atomic_path, read_json, write_json
from .model_wrappers import unwrapped
from .weights_file import load

LAST = 'last_checkpoint'


def plain(value: Any, where: str = 'checkpoint') -> Any:
    """Return ``value`` with NumPy scalars and arrays turned into numbers and tensors.

    Raises:
        CheckpointError: For anything that a weights-only load would refuse.
    """
    if isinstance(value, torch.Tensor):
        return value.detach().cpu()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, dict):
        return {key: plain(item, f'{where}.{key}') for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item, f'{where}[{i}]') for i, item in enumerate(value))
    raise CheckpointError(f'{where} is a {type(value).__name__}; only plain values are saved.')


def save(content: dict, path: str | Path) -> None:
    """Write a checkpoint in one step: temporary name, flush to disk, rename.

    Raises:
        StorageError: If there is no room.
    """
    with atomic_path(path) as part:
        try:
            with open(part, 'wb') as file:
                torch.save(content, file)
                file.flush()
                os.fsync(file.fileno())
        except RuntimeError as error:
            # torch finishes the archive although a write failed, and fails by another error then
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise


def load_from_http(url: str, map_location: Any = 'cpu') -> dict:
    """Download a file once into torch's hub folder and load it."""
    target = Path(torch.hub.get_dir()) / 'checkpoints' / url.rsplit('/', 1)[-1].split('?')[0]
    if not target.is_file():
        try:
            with atomic_path(target) as part:
                torch.hub.download_url_to_file(url, str(part), progress=True)
        except Exception as error:
            raise CheckpointError(
                f'weights {url} cannot be downloaded ({error}). Without a network, give a local '
                'file: --cfg-options pretrained=FILE.'
            ) from error
    return load(target, map_location)


def load_from_torchvision(name: str, map_location: Any = 'cpu') -> dict:
    """Load torchvision's default weights of ``torchvision://<model>``."""
    from torchvision.models import get_model_weights, list_models

    model = re.sub(r'^(modelzoo|torchvision)://', '', name)
    if model not in list_models():
        raise CheckpointError(
            f'{name}: torchvision has no model {model!r}.{near_matches(model, list_models())}'
        )
    return load_from_http(get_model_weights(model).DEFAULT.url, map_location)


def load_from_local(path: str, map_location: Any = 'cpu') -> dict:
    """Load a file; mmengine prints the last word of this name as the kind of source."""
    return load(path, map_location)


def register_loaders() -> None:
    """Make mmengine load local files, URLs and torchvision names through :func:`load`."""
    register = CheckpointLoader.register_scheme
    register('', loader=load_from_local, force=True)
    register(['http://', 'https://'], loader=load_from_http, force=True)
    register(['modelzoo://', 'torchvision://'], loader=load_from_torchvision, force=True)


def state_dict_of(content: dict) -> dict[str, torch.Tensor]:
    """Return the weights in a checkpoint, whether it holds a state dict or is one."""
    return content['state_dict'] if isinstance(content.get('state_dict'), dict) else content


def inner_model(model: nn.Module) -> nn.Module:
    """Return the model that weights are of."""
    # a model that merges views is one more wrapper, inside that of a distributed run
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model


def check_fit(
    model: nn.Module, weights: dict, name: str, allow_missing: bool = False, prefix: str = ''
) -> None:
    """Compare weights with the model they are for, before they are copied.

    Args:
        model: The model, wrapped or not.
        weights: The state dict.
        name: Where the weights come from, for the message.
        allow_missing: Let parameters of the model without weights keep their initial values, as
            long as some fit.
        prefix: Use only the weights whose names start with it.

    Raises:
        CheckpointError: With the names and shapes that do not fit.
    """
    model = inner_model(model)
    own = model.state_dict()
    given = {
        key.removeprefix('module.').removeprefix(prefix): value
        for key, value in weights.items()
        if key.removeprefix('module.').startswith(prefix)
    }
    shapes = [
        f'{key} {tuple(given[key].shape)} for {tuple(own[key].shape)}'
        for key in own
        if key in given and getattr(given[key], 'shape', None) != own[key].shape
    ]
    missing = [key for key in own if key not in given and 'num_batches_tracked' not in key]
    unknown = [key for key in given if key not in own]
    fitting = len(own) - len(missing) - len(shapes)
    nan = [
        key
        for key in own
        if key in given
        and isinstance(given[key], torch.Tensor)
        and given[key].is_floating_point()
        and not bool(torch.isfinite(given[key]).all())
    ]
    problems = []
    if shapes:
        problems.append(f'other shapes: {_some(shapes)}')
    if missing and not (allow_missing and fitting > 0):
        problems.append(f'missing: {_some(missing)}')
    if unknown and not allow_missing:
        problems.append(f'not in the model: {_some(unknown)}')
    if nan:
        problems.append(f'NaN or infinity in: {_some(nan)}')
    if problems:
        what = f' (names starting with {prefix!r})' if prefix else ''
        raise CheckpointError(
            f'weights {name}{what} do not fit {type(model).__name__}: {"; ".join(problems)}. '
            f'{fitting} of {len(own)} tensors fit. Use the weights of this architecture and class '
            'list, or change the model.'
        )


def _some(names: list[str]) -> str:
    more = f' and {len(names) - 4} more' if len(names) > 4 else ''
    return ', '.join(names[:4]) + more


def check_pretrained(model: nn.Module) -> None:
    """Check every ``init_cfg=dict(type='Pretrained')`` of a model before it is initialised.

    mmengine only logs when nothing fits, and training then starts from random weights. Parts of
    the model without weights must be explained by the prefix: within it, everything must be there.

    Raises:
        CheckpointError: Naming the file and what does not fit.
    """
    for name, module in model.named_modules():
        init = getattr(module, 'init_cfg', None)
        for cfg in init if isinstance(init, list) else [init]:
            if not isinstance(cfg, dict) or cfg.get('type') != 'Pretrained':
                continue
            source = cfg.get('checkpoint')
            if not source:
                raise CheckpointError(
                    f'{name or "model"}: init_cfg asks for pretrained weights, but none are '
                    'given. Set --cfg-options pretrained=FILE (or a URL).'
                )
            content = CheckpointLoader.load_checkpoint(str(source), map_location='cpu', logger=None)
            prefix = cfg.get('prefix') or ''
            prefix = f'{prefix}.' if prefix and not prefix.endswith('.') else prefix
            check_fit(module, state_dict_of(content), str(source), True, prefix)


def load_pretrained(model: nn.Module) -> None:
    """Give a network that no stage has trained the weights that its ``init_cfg`` asks for.

    Raises:
        CheckpointError: As :func:`check_pretrained`.
    """
    found = [getattr(module, 'init_cfg', None) for module in model.modules()]
    found = [cfg for init in found for cfg in (init if isinstance(init, list) else [init])]
    if any(isinstance(cfg, dict) and cfg.get('type') == 'Pretrained' for cfg in found):
        check_pretrained(model)
        model.init_weights()


def training_state(runner: Any, epoch: int, iteration: int) -> dict:
    """Return everything that continuing a training needs, as plain values."""
    model = unwrapped(runner.model)
    content = dict(
        meta=dict(epoch=epoch, iter=iteration, seed=runner.seed),
        state_dict=OrderedDict((k, v.detach().cpu()) for k, v in model.state_dict().items()),
        optimizer=plain(runner.optim_wrapper.state_dict(), 'optimizer'),
        # mmengine's resume wants the key; the history of logged scalars is not continued
        message_hub=dict(log_scalars={}, runtime_info={}, resumed_keys={}),
    )
    if runner.param_schedulers:
        content['param_schedulers'] = plain(
            [scheduler.state_dict() for scheduler in runner.param_schedulers], 'param_schedulers'
        )
    return content


def write_pointer(folder: str | Path, checkpoint: Path) -> None:
    """Note which checkpoint is the last; relative, so that the folder can be moved."""
    write_json(Path(folder) / LAST, dict(file=str(checkpoint.relative_to(folder))))


def find_last(folder: str | Path) -> Path | None:
    """Return the newest checkpoint of a stage that can be read, or None.

    The pointer is tried first; where it or its file is bad, the others from new to old.
    """
    folder = Path(folder)
    candidates: list[Path] = []
    pointer = folder / LAST
    if pointer.is_file():
        try:
            content = read_json(pointer, 'checkpoint pointer')
            named = content.get('file') if isinstance(content, dict) else None
            if isinstance(named, str) and '..' not in Path(named).parts:
                candidates.append(folder / named)
        except ValueError:
            pass
    others = sorted(
        (folder / 'checkpoints').glob('*.pth'), key=lambda p: (number_of(p), p.name), reverse=True
    )
    for path in [*candidates, *(p for p in others if p not in candidates)]:
        try:
            if {'meta', 'state_dict', 'optimizer'} <= set(load(path)):
                return path
        except CheckpointError:
            continue
    return None


def number_of(path: Path) -> int:
    """Return the epoch or iteration in a checkpoint's name; -1 if there is none."""
    found = re.findall(r'\d+', path.stem)
    return int(found[-1]) if found else -1
