# SPDX-License-Identifier: Apache-2.0
"""Checks of values that come from configs.

A config may hold anything: text where a number belongs, ``True`` for 1, NaN. What is refused here
would else fail far from its config key, or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from .errors import ConfigError, near_matches


def check_number(
    value: Any,
    name: str,
    low: float,
    high: float | None = None,
    above: bool = False,
    below: bool = False,
) -> float:
    """Return a finite number of Python or NumPy as a float.

    Args:
        value: What the config says.
        name: The config key, for the message.
        low: The least it may be.
        high: The most it may be; None for no bound.
        above: It must be above ``low``.
        below: It must be below ``high``.

    Raises:
        ConfigError: For anything else, such as text, a boolean or NaN.

    Example:
        >>> check_number(2, 'PointSeeds.sigma', 0, above=True)
        2.0
    """
    if (
        not isinstance(value, Real)
        or isinstance(value, bool)
        or not math.isfinite(value)
        or not (value > low if above else value >= low)
        or not (high is None or (value < high if below else value <= high))
    ):
        if high is not None:
            allowed = f'in {"(" if above else "["}{low:g}, {high:g}{")" if below else "]"}'
        else:
            allowed = f'above {low:g}' if above else f'of at least {low:g}'
        raise ConfigError(f'{name} must be a number {allowed}, got {value!r}.')
    return float(value)


def check_unit(value: Any, name: str, optional: bool = False) -> float | None:
    """Return a number in [0, 1] as a float; with ``optional`` None as well.

    Raises:
        ConfigError: For anything else.
    """
    return None if optional and value is None else check_number(value, name, 0, 1)


def check_integer(value: Any, name: str, low: int) -> int:
    """Return an integer of Python or NumPy, at least ``low``; 2.0 is none.

    Raises:
        ConfigError: For anything else.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
        raise ConfigError(f'{name} must be an integer of at least {low}, got {value!r}.')
    return int(value)


def check_integers(values: Any, name: str, low: int) -> tuple[int, ...]:
    """Return one or more integers, each at least ``low``.

    Raises:
        ConfigError: For anything else.
    """
    if not isinstance(values, Sequence) or not values:
        raise ConfigError(f'{name} must be a list of integers of at least {low}, got {values!r}.')
    return tuple(check_integer(value, f'{name}[{i}]', low) for i, value in enumerate(values))


def check_flag(value: Any, name: str) -> bool:
    """Return True or False.

    Raises:
        ConfigError: For anything else, such as 1 or the text ``'False'``.
    """
    if not isinstance(value, bool):
        raise ConfigError(f'{name} must be True or False, got {value!r}.')
    return value


def check_choice(value: Any, name: str, allowed: Sequence[str]) -> str:
    """Return one of the allowed words.

    Raises:
        ConfigError: For anything else, with the words that are near.
    """
    if value not in allowed:
        raise ConfigError(
            f'{name}={value!r} is unknown.{near_matches(str(value), allowed)} Allowed: '
            f'{", ".join(allowed)}.'
        )
    return value
