# SPDX-License-Identifier: Apache-2.0
"""Components that read files of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod


class ReadsFiles(ABC):
    """Reads files beside the images and masks of the data set; says which in :meth:`files`.

    What is in them counts for what is stale, where they lie does not. Files in the folder of an
    earlier stage (``@cams/scores``) are that stage's business. Transforms and anything else that
    stands in the config of a stage inherit from this too.

    Example:
        >>> class LoadDepth(ReadsFiles):
        ...     def __init__(self, folder):
        ...         self.folder = folder
        ...
        ...     def files(self, image_id):
        ...         return [f'{self.folder}/{image_id}.npy']
        >>> LoadDepth('depth').files('cat_1')
        ['depth/cat_1.npy']
    """

    located_by: tuple[str, ...] = ('folder',)
    """Arguments that say where the files lie: a path or several."""

    @abstractmethod
    def files(self, image_id: str) -> list[str]:
        """Return the paths of what is read for an image, whether they exist or not."""
