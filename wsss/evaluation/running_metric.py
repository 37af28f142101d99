# SPDX-License-Identifier: Apache-2.0
"""Metrics that keep sums, not results."""

from __future__ import annotations

from abc import abstractmethod

from mmengine.evaluator import BaseMetric


class RunningMetric(BaseMetric):
    """A metric whose memory does not grow: ``process`` adds to sums that :meth:`evaluate` reduces.

    mmengine's own way gathers one result for each image, and asks :meth:`compute_metrics` for the
    figures of all of them.
    """

    @abstractmethod
    def evaluate(self, size: int) -> dict:
        """Sum over the ranks and return the figures, the same on every rank.

        Args:
            size: Number of images of the split.
        """

    def compute_metrics(self, results: list) -> dict:
        """Return nothing: there are no results of single images."""
        return {}
