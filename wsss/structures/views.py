# SPDX-License-Identifier: Apache-2.0
"""Several views of one image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor


class Views:
    """The views ``(3, h, w)`` of one image, of any number and sizes.

    It can be indexed and iterated like a list but is deliberately not a ``Sequence``: mmengine's
    ``pseudo_collate`` turns a batch of sequences inside out (views of images become images of
    views), and leaves other objects whole.

    Args:
        tensors: The views.
    """

    def __init__(self, tensors: Sequence[Tensor]):
        self.tensors = list(tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def __getitem__(self, index: int) -> Tensor:
        return self.tensors[index]

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.tensors)
