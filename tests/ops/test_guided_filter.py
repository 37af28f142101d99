# SPDX-License-Identifier: Apache-2.0
"""The guided filter against a window-by-window form."""

import numpy as np

from wsss.ops.guided_filter import guided_filter, inverse_of_symmetric


def slow(guide, plane, radius, eps):
    height, width = plane.shape
    a, b = np.empty((height, width, 3)), np.empty((height, width))

    def window(x, r, c):
        return x[max(r - radius, 0) : r + radius + 1, max(c - radius, 0) : c + radius + 1]

    for r in range(height):
        for c in range(width):
            colours = window(guide, r, c).reshape(-1, 3)
            values = window(plane, r, c).ravel()
            centred = colours - colours.mean(axis=0)
            covariance = centred.T @ centred / len(values) + eps * np.eye(3)
            a[r, c] = np.linalg.solve(covariance, centred.T @ values / len(values))
            b[r, c] = values.mean() - a[r, c] @ colours.mean(axis=0)
    return np.array([
        [window(a, r, c).reshape(-1, 3).mean(axis=0) @ guide[r, c] + window(b, r, c).mean()
         for c in range(width)]
        for r in range(height)
    ])  # fmt: skip


def test_it_equals_the_slow_form():
    rng = np.random.default_rng(0)
    guide, planes = rng.random((9, 11, 3)), rng.random((9, 11, 2))
    for radius, eps in ((1, 0.01), (3, 1e-4), (20, 0.1)):
        found = guided_filter(guide, planes, radius, eps)
        for i in range(2):
            expected = slow(guide, planes[..., i], radius, eps)
            np.testing.assert_allclose(found[..., i], expected, rtol=1e-8, atol=1e-10)


def test_a_constant_stays_and_a_linear_function_of_the_colours_too():
    guide = np.random.default_rng(0).random((12, 10, 3))
    planes = np.stack([np.full((12, 10), 0.3), guide @ [0.2, 0.5, 0.3]], axis=2)
    np.testing.assert_allclose(guided_filter(guide, planes, 3, 1e-9), planes, atol=1e-6)


def test_inverses_of_symmetric_matrices():
    x = np.random.default_rng(0).random((5, 4, 3, 6))
    matrices = x @ x.swapaxes(-1, -2)
    found = inverse_of_symmetric(matrices) @ matrices
    np.testing.assert_allclose(found, np.broadcast_to(np.eye(3), found.shape), atol=1e-8)
