# SPDX-License-Identifier: Apache-2.0
"""Groups around means."""

from __future__ import annotations

import warnings

import numpy as np

from ..checks import check_integer
from ..registry import CLUSTERERS
from .base import BaseClusterer


@CLUSTERERS.register_module()
class KMeans(BaseClusterer):
    """k-means of scikit-learn: k-means++, the best of several starts, groups that empty are moved.

    Sub-category exploration takes ``k=10`` (Y.-T. Chang et al., "Weakly-Supervised Semantic
    Segmentation via Sub-category Exploration", CVPR 2020). A class of few images gets fewer groups:
    ``k N / min_samples`` of ``N`` images, rounded down, at least one.

    Args:
        k: Groups of a class of ``min_samples`` images or more. Images that are equal are never
            parted, so there may be fewer.
        min_samples: From so many images on a class has all ``k`` groups; None: ``2 k``.
        n_init: Starts, of which the tightest is kept.
        max_iter: Of each start.

    Raises:
        ConfigError: If a value is not usable.

    Example:
        >>> features = np.array([[0.0], [0.1], [5.0], [5.1]])
        >>> KMeans(k=2)(features).tolist()
        [0, 0, 1, 1]
    """

    def __init__(
        self, k: int = 10, min_samples: int | None = None, n_init: int = 10, max_iter: int = 300
    ):
        self.k = check_integer(k, 'KMeans.k', 1)
        least = 2 * self.k if min_samples is None else min_samples
        self.min_samples = check_integer(least, 'KMeans.min_samples', 1)
        self.n_init = check_integer(n_init, 'KMeans.n_init', 1)
        self.max_iter = check_integer(max_iter, 'KMeans.max_iter', 1)

    def groups(self, count: int) -> int:
        """Return the number of groups of so many samples.

        Example:
            >>> [KMeans(k=4).groups(count) for count in (1, 3, 5, 7, 8, 100)]
            [1, 1, 2, 3, 4, 4]
        """
        return min(self.k, max(1, self.k * count // self.min_samples), count)

    def cluster(self, features: np.ndarray, seed: int) -> np.ndarray:
        """Return the groups, see :class:`BaseClusterer`."""
        from sklearn.cluster import KMeans as Means
        from sklearn.exceptions import ConvergenceWarning

        means = Means(
            self.groups(len(features)),
            init='k-means++',
            n_init=self.n_init,
            max_iter=self.max_iter,
            random_state=seed,
        )
        with warnings.catch_warnings():
            # of images that are equal; fewer groups are right then
            warnings.simplefilter('ignore', ConvergenceWarning)
            return means.fit_predict(features)
