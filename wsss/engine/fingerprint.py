# SPDX-License-Identifier: Apache-2.0
"""What a stage's result depends on, as a small dict that can be compared and stored."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from mmengine.registry import DATASETS, TRANSFORMS, DefaultScope

from ..errors import WSSSError
from ..version import __version__
from .config_check import find_class
from .files_read import contents_read, find_readers, hide_places
from .references import References, stages_in

# Fields that cannot change a result: how fast, where and how chatty, not what.
EXCLUDED = frozenset(
    'cache_dir data_root env_cfg experiment_name launcher lazy_init log_level log_processor '
    'num_workers persistent_workers pin_memory prefetch_factor visualizer work_dir'.split()
)
EXCLUDED_HOOKS = frozenset('contact_sheet logger progress timer checkpoint'.split())
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_NO_MASKS = frozenset('mmcv mmengine mmpretrain mmseg torchvision wsss'.split())
_WEIGHT_KEYS = ('checkpoint', 'load_from')


def digest(value: Any) -> str:
    """Return a short digest of a JSON-able value; the order of dict keys does not matter."""
    text = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint(config: dict, pipeline: list[str], name: str, with_data: bool = True) -> dict:
    """Return what the result of the stage ``name`` depends on.

    Args:
        config: The whole config.
        pipeline: The stages in order.
        name: The stage.
        with_data: Read the indices of the data sets too; False where there may be no data.

    Returns:
        ``config`` (values by dotted key, references to stages unresolved), ``data`` (index digest
        by loader; digest of the files that a component reads on its own, by its key),
        ``upstream`` (stages it reads from), ``version``.
    """
    references = References(config, pipeline)
    stage = references.resolve(config[name], name, name)
    stage['randomness'] = stage.get('randomness', config.get('randomness', {}))
    upstream = stages_in(stage, pipeline)
    scope = stage.get('default_scope') or 'mmengine'
    data = _data_digests(stage, scope) if with_data else {}
    for _, reader, cls in find_readers(stage, '', scope):
        hide_places(reader, cls)  # in the copy that `resolve` has made
    return dict(config=_flat(_relevant(stage)), data=data, upstream=upstream, version=__version__)


def _data_digests(stage: dict, scope: str) -> dict[str, str]:
    """Return digests of the data sets' indices (ids, labels, images, masks) and of other files."""
    found: dict[str, list] = {}
    parts: list = []
    for key, dataset in datasets_of(stage).items():
        own = parts_of(build_bare(dataset, scope))
        found[key] = _index(own, may_read_masks(dataset.get('pipeline', ()), scope))
        found.update(contents_read(dataset, own, f'{key}.dataset', scope))
        parts = own if key in LOADERS else parts
    # a model or loop reads for the images of the test, or of the training where there is none
    rest = {key: value for key, value in stage.items() if key not in LOADERS}
    rest['custom_hooks'] = [
        {key: value for key, value in hook.items() if key != 'dataset'}
        for hook in stage.get('custom_hooks') or ()
        if isinstance(hook, dict)
    ]
    found.update(contents_read(rest, parts, '', scope))
    return {key: digest(content) for key, content in found.items()}


def datasets_of(stage: dict) -> dict[str, dict]:
    """Return the configs of all data sets of a stage: those of its loaders and of its hooks."""
    hooks = enumerate(stage.get('custom_hooks') or ())
    holders = {key: stage.get(key) for key in LOADERS}
    holders |= {f'custom_hooks[{i}]': hook for i, hook in hooks if isinstance(hook, dict)}
    found = {key: (holder or {}).get('dataset') for key, holder in holders.items()}
    return {key: dataset for key, dataset in found.items() if dataset is not None}


def build_bare(dataset: dict, scope: str) -> Any:
    """Build a data set without its transforms, with its index read."""
    bare = {k: v for k, v in dataset.items() if k not in ('pipeline', 'lazy_init')}
    with DefaultScope.overwrite_default_scope(scope):
        return DATASETS.build({**bare, 'pipeline': []} if 'pipeline' in dataset else bare)


def parts_of(dataset: Any) -> list:
    """Return the data sets inside of wrappers."""
    inner = dataset.datasets if hasattr(dataset, 'datasets') else None
    if inner is None and hasattr(dataset, 'dataset'):
        inner = [dataset.dataset]
    return [dataset] if inner is None else [part for child in inner for part in parts_of(child)]


def may_read_masks(pipeline: Any, scope: str) -> bool:
    """Whether a transform of a pipeline reads, or could read, the masks of a data set.

    Transforms of ours say so by ``reads_masks = True``; those of the packages we stand on do not
    know where our data sets name the mask; of any other it is not known, so they count.

    Args:
        pipeline: A pipeline, or whatever holds transforms.
        scope: Where names without a prefix are looked up.
    """
    if isinstance(pipeline, (list, tuple)):
        return any(may_read_masks(part, scope) for part in pipeline)
    if not isinstance(pipeline, dict):
        return callable(pipeline)
    if 'type' in pipeline:
        kind = pipeline['type']
        kind = find_class(TRANSFORMS, kind, scope) if isinstance(kind, str) else kind
        known = getattr(kind, '__module__', '').split('.')[0] in _NO_MASKS
        if getattr(kind, 'reads_masks', not known):
            return True
    return any(may_read_masks(part, scope) for part in pipeline.values())


def _index(parts: list, masks: bool) -> list:
    return [
        part.index_digest(masks)
        if hasattr(part, 'index_digest')
        else [type(part).__name__, len(part)]
        for part in parts
    ]


def changed_keys(old: dict, new: dict) -> list[str]:
    """Return lines that say how two fingerprints differ."""
    lines = []
    for part in ('config', 'data'):
        before, after = old.get(part, {}), new.get(part, {})
        for key in sorted({*before, *after}):
            a, b = before.get(key, '<absent>'), after.get(key, '<absent>')
            if a != b:
                if part == 'data':
                    key = f'{"index" if key in LOADERS else "files"} of {key}'
                lines.append(f'{key}: {_short(a)} -> {_short(b)}')
    for key in ('upstream', 'version'):
        if old.get(key) != new.get(key):
            lines.append(f'{key}: {_short(old.get(key))} -> {_short(new.get(key))}')
    return lines


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def _relevant(value: Any, key: str = '') -> Any:
    if isinstance(value, dict):
        skip = EXCLUDED | EXCLUDED_HOOKS if key == 'default_hooks' else EXCLUDED
        kept = {k: _relevant(v, str(k)) for k, v in value.items() if k not in skip}
        # default_hooks with nothing but excluded hooks in it is as good as none
        return {k: v for k, v in kept.items() if not (k == 'default_hooks' and v == {})}
    if isinstance(value, (list, tuple)):
        return [_relevant(item) for item in value]
    if key in _WEIGHT_KEYS and isinstance(value, str) and not value.startswith('@'):
        return _file_digest(value)
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


def _file_digest(source: str) -> str:
    path = Path(source).expanduser()
    if not path.is_file():
        return source
    hasher = hashlib.sha256()
    try:
        with open(path, 'rb') as file:
            while chunk := file.read(1 << 22):
                hasher.update(chunk)
    except OSError as error:
        raise WSSSError(f'weights file {path} cannot be read: {error.strerror}.') from error
    return f'{path.name} sha256:{hasher.hexdigest()[:16]}'


def _flat(value: Any, prefix: str = '') -> dict[str, Any]:
    if isinstance(value, dict) and value:
        flat: dict[str, Any] = {}
        for key, item in value.items():
            flat.update(_flat(item, f'{prefix}.{key}' if prefix else str(key)))
        return flat
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        flat = {}
        for i, item in enumerate(value):
            flat.update(_flat(item, f'{prefix}[{i}]'))
        return flat
    return {prefix: value}
