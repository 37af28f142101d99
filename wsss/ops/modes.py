# SPDX-License-Identifier: Apache-2.0
"""Training and evaluation mode of modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put ``module`` in evaluation mode and every part of it back into its own mode afterwards.

    ``module.train()`` would switch on parts that were frozen on purpose.

    Example:
        >>> net = nn.Dropout()
        >>> with evaluating(net):
        ...     net.training
        False
        >>> net.training
        True
    """
    training = _in_training(module)
    for part in training:
        part.training = False
    try:
        yield
    finally:
        for part in training:
            part.training = True


def _in_training(module: nn.Module) -> list[nn.Module]:
    """Return all parts in training mode; ``modules()`` would take several times as long.

    A part that is used in two places may be there twice.
    """
    found, left = [module] if module.training else [], [module]
    while left:
        for part in left.pop()._modules.values():
            if part is not None:
                if part.training:
                    found.append(part)
                if part._modules:
                    left.append(part)
    return found
