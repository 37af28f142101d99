# SPDX-License-Identifier: Apache-2.0
"""Polygons and run-length codes against slow independent forms."""

import numpy as np
import pytest

from wsss.datasets.converters.outlines import (
    decode_counts,
    fill_outline,
    fill_polygon,
    fill_runs,
)

SIZE = (20, 30)


def painted(patches, size=SIZE):
    mask = np.zeros(size, np.uint8)
    for patch in patches if isinstance(patches, list) else [patches]:
        patch.paint(mask, 1)
    return mask


def slow_polygon(points, size):
    """Count for every pixel the edges to the left of its centre."""
    mask = np.zeros(size, np.uint8)
    for row in range(size[0]):
        for column in range(size[1]):
            y, x, odd = row + 0.5, column + 0.5, 0
            for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]]):
                if (y1 <= y) != (y2 <= y) and x1 + (y - y1) * (x2 - x1) / (y2 - y1) <= x:
                    odd ^= 1
            mask[row, column] = odd
    return mask


def slow_encode(counts):
    """The compressed form, number by number and bit by bit."""
    text = ''
    for i, number in enumerate(counts):
        value = number - (counts[i - 2] if i > 2 else 0)
        more = True
        while more:
            group = value & 31
            value >>= 5
            more = value != -1 if group & 16 else value != 0
            text += chr(48 + group + (32 if more else 0))
    return text


def test_rectangle_takes_the_pixels_whose_centre_is_inside():
    mask = painted(fill_polygon(np.array([[2, 3], [5, 3], [5, 4.5], [2, 4.5]]), SIZE))
    expected = np.zeros(SIZE, np.uint8)
    expected[3, 2:5] = 1  # row 4 has its centre on the lower edge, which is not inside
    assert (mask == expected).all()


@pytest.mark.parametrize('seed', range(12))
def test_polygons_equal_the_slow_form(seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-8, 38, (rng.integers(3, 12), 2))
    points = np.round(points * 2) / 2 if seed % 3 == 0 else points
    assert (painted(fill_polygon(points, SIZE)) == slow_polygon(points.tolist(), SIZE)).all()


def test_large_polygon_has_its_area():
    angle = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    points = np.stack([300 + 200 * np.cos(angle), 250 + 150 * np.sin(angle)], 1)
    area = painted(fill_polygon(points, (500, 600)), (500, 600)).sum()
    assert area == pytest.approx(np.pi * 200 * 150, rel=1e-3)


@pytest.mark.parametrize(
    'points',
    [
        [[40, 2], [50, 2], [45, 9]],
        [[1, -9], [9, -9], [5, -1]],
        [[1.1, 1.1], [1.2, 1.1], [1.2, 1.2]],
        [[1, 5], [9, 5], [20, 5]],
    ],
)
def test_polygons_without_a_pixel_are_empty(points):
    assert not painted(fill_polygon(np.array(points, float), SIZE)).any()


def test_polygons_of_an_object_add_up_where_they_overlap():
    outline = [[1, 1, 6, 1, 6, 6, 1, 6], [4, 4, 9, 4, 9, 9, 4, 9], [0, 0, 1, 1]]
    mask = painted(fill_outline([np.array(part, np.float32) for part in outline], SIZE))
    assert mask[1:6, 1:6].all() and mask[4:9, 4:9].all() and mask.sum() == 25 + 25 - 4


def test_runs_go_down_the_columns_and_begin_outside():
    mask = painted(fill_runs(dict(size=[2, 3], counts=[1, 2, 3]), (2, 3)), (2, 3))
    assert mask.tolist() == [[0, 1, 0], [1, 0, 0]]
    full = painted(fill_runs(dict(size=[2, 3], counts=[0, 6]), (2, 3)), (2, 3))
    assert full.all()


@pytest.mark.parametrize('seed', range(8))
def test_compressed_runs_are_those_that_were_encoded(seed):
    rng = np.random.default_rng(seed)
    pixels = np.repeat(rng.random(60) < 0.5, rng.integers(1, 300, 60))
    pixels = pixels[: len(pixels) // 20 * 20].reshape(-1, 20).T
    flat = pixels.T.ravel()
    edges = np.flatnonzero(np.diff(flat.astype(int))) + 1
    counts = np.diff([0, *([0] if flat[0] else []), *edges, flat.size]).tolist()
    assert decode_counts(slow_encode(counts)).tolist() == counts
    code = dict(size=list(pixels.shape), counts=slow_encode(counts))
    assert (painted(fill_runs(code, pixels.shape), pixels.shape) == pixels).all()


def test_masks_agree_with_the_reference_implementation():
    reference = pytest.importorskip('pycocotools.mask', reason='needs the extra coco')
    rng = np.random.default_rng(0)
    for _ in range(20):
        angle = np.sort(rng.uniform(0, 2 * np.pi, 12))
        radius = rng.uniform(30, 80, 12)
        points = np.stack([100 + radius * np.cos(angle), 100 + radius * np.sin(angle)], 1)
        codes = reference.frPyObjects([points.ravel().tolist()], 200, 200)
        theirs = reference.decode(codes)[:, :, 0]
        ours = painted(fill_polygon(points, (200, 200)), (200, 200))
        assert (ours != theirs).sum() <= 0.01 * theirs.sum()
        code = dict(size=[200, 200], counts=codes[0]['counts'].decode())
        assert (painted(fill_runs(code, (200, 200)), (200, 200)) == theirs).all()


@pytest.mark.parametrize(
    ('outline', 'words'),
    [
        ('text', 'must be polygons'),
        (None, 'must be polygons'),
        ([[1, 2, 3, 4, 5]], 'x1, y1'),
        ([[1, 2, 3, 4, 5, float('nan')]], 'not finite'),
        (dict(size=[3, 3], counts=[9]), 'of size'),
        (dict(size=[20, 30], counts=[599]), 'do not add up'),
        (dict(size=[20, 30], counts=[700, -100]), 'do not add up'),
        (dict(size=[20, 30], counts=[2**62, 2**62, 2**62, 2**62 + 600]), 'do not add up'),
        (dict(size=[20, 30], counts='  '), 'damaged'),
        (dict(size=[20, 30], counts='P'), 'damaged'),
        (dict(size=[20, 30], counts='PPPPPPPPPPPPPPP0'), 'too large'),
        (dict(size=[20, 30], counts=''), 'do not add up'),
    ],
)
def test_damaged_outlines_are_refused(outline, words):
    with pytest.raises(ValueError, match=words):
        fill_outline(outline, SIZE)


def test_a_polygon_with_too_many_edges_is_refused():
    points = np.tile([[0.0, 0.0], [1.0, 1e9]], (600, 1))
    with pytest.raises(ValueError, match='crosses'):
        fill_polygon(points, (100_000, 10))
