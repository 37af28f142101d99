# SPDX-License-Identifier: Apache-2.0
"""Named chains of refiners, as a command line gives them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..errors import ConfigError

RAW = 'raw'
"""What maps are called that no refiner has seen."""

STANDARD: dict[str, list[dict]] = {
    'DenseCRF': [dict(type='DenseCRF', preset='psa', bg_power=2)],
    'PAMR': [dict(type='PAMR')],
    'PAR': [dict(type='PAR')],
    'GuidedFilter': [dict(type='GuidedFilter')],
    'SuperpixelVote': [dict(type='SuperpixelVote')],
    'Felzenszwalb': [dict(type='SuperpixelVote', superpixels=dict(type='Felzenszwalb'))],
    'SuperpixelWalk': [dict(type='SuperpixelWalk')],
    'ClassMorphology': [dict(type='ClassMorphology', bg_power=2)],
}
"""Refiners that need nothing but the image and the maps, with the settings of our recipes."""


def parse_chain(text: str) -> tuple[str, list[dict]]:
    """Read ``name={"type": "DenseCRF", "bg_power": 2}``, or a list of such dicts, as JSON.

    Returns:
        The name and the configs of the refiners, in order.

    Raises:
        ConfigError: If it is not such.

    Example:
        >>> parse_chain('pamr=[{"type": "PAMR", "iterations": 5}]')
        ('pamr', [{'type': 'PAMR', 'iterations': 5}])
    """
    name, _, value = text.partition('=')
    how = """write it as --refiner 'crf={"type": "DenseCRF", "bg_power": 2}'."""
    if not name or not value:
        raise ConfigError(f'--refiner {text!r} is not NAME=JSON; {how}')
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f'--refiner {name}: {value!r} is not JSON ({error}); {how}') from error
    return name, check_chain(parsed, f'--refiner {name}')


def check_chain(value: object, where: str) -> list[dict]:
    """Return one refiner config or several as a list.

    Raises:
        ConfigError: If it is something else; the message begins with ``where``.
    """
    chain = value if isinstance(value, (list, tuple)) else [value]
    if not chain or not all(isinstance(one, dict) and 'type' in one for one in chain):
        raise ConfigError(
            f"{where} must be a refiner's config, a dict with the key 'type', or a list of them, "
            f'got {value!r}.'
        )
    return [dict(one) for one in chain]


def name_chains(pairs: Iterable[tuple[str, list[dict]]]) -> dict[str, list[dict]]:
    """Return chains by name; without any, :data:`STANDARD`.

    Raises:
        ConfigError: If a name comes twice or is that of the maps themselves.
    """
    chains: dict[str, list[dict]] = {}
    for name, chain in pairs:
        if name in chains or name == RAW:
            why = 'is the name of the maps themselves' if name == RAW else 'comes twice'
            raise ConfigError(f'the refiner name {name!r} {why}. Choose another.')
        chains[name] = chain
    return chains or STANDARD
