# SPDX-License-Identifier: Apache-2.0
"""Seeds against numbers worked out by hand."""

import math

import numpy as np
import pytest
import torch

from wsss.errors import ConfigError, DataError
from wsss.seeds import BoxHeatmap, PointSeeds, SaliencyMap, ScribbleSeeds
from wsss.structures import Annotation

# its middle and the middles of its edges are middles of pixels
SQUARE = Annotation((19, 19), [3], boxes=np.array([[4.5, 4.5, 14.5, 14.5, 3]]))
LONG = Annotation((19, 29), [3], boxes=np.array([[4.5, 7.5, 24.5, 11.5, 3]]))


@pytest.mark.parametrize(('kappa', 'edge'), [(0.35, 0.36), (0.4, 0.46), (0.5, 0.61), (0.571, 0.68)])
def test_gaussian_at_the_middle_of_an_edge(kappa, edge):
    for annotation, places in ((SQUARE, [(9, 4), (14, 9)]), (LONG, [(9, 4), (11, 14)])):
        scores = BoxHeatmap(kappa_x=kappa, kappa_y=kappa)(annotation).scores[0]
        for place in places:
            assert float(scores[place]) == pytest.approx(math.exp(-1 / (8 * kappa**2)), abs=1e-6)
            assert float(scores[place]) == pytest.approx(edge, abs=6e-3)
    assert float(BoxHeatmap()(SQUARE).scores[0, 9, 9]) == 1


def test_the_isotropic_rule_does_not_see_the_shape_of_the_box():
    square, long = (BoxHeatmap(isotropic=True)(a).scores[0] for a in (SQUARE, LONG))
    assert float(square[9, 4]) == pytest.approx(math.exp(-(3.5**2) / 32), abs=1e-6)  # 0.68
    sigma = 24 / 3.5
    assert float(long[9, 4]) == pytest.approx(math.exp(-(10**2) / (2 * sigma**2)), abs=1e-6)
    assert float(long[11, 14]) == pytest.approx(math.exp(-(2**2) / (2 * sigma**2)), abs=1e-6)


def test_a_cone_is_zero_at_the_corners_and_linear_between():
    scores = BoxHeatmap(kind='linear')(SQUARE).scores[0]
    assert float(scores[9, 9]) == 1
    assert float(scores[9, 4]) == pytest.approx(1 - 5 / math.hypot(5, 5))
    assert float(scores[4, 4]) == pytest.approx(0, abs=1e-6)


def test_objects_end_at_their_box_and_heads_do_not():
    boxes = Annotation((10, 10), [0], boxes=np.array([[2, 3, 6, 8, 0]]))
    outside = torch.ones(10, 10, dtype=bool)
    outside[3:8, 2:6] = False
    clipped, head = BoxHeatmap()(boxes), BoxHeatmap(box_type='head')(boxes)
    assert not clipped.scores[0][outside].any() and clipped.background is None
    assert bool((head.scores[0][outside] > 0).any()) and head.background is None
    assert torch.equal(BoxHeatmap(clip_to_box=False)(boxes).scores, head.scores)


def test_boxes_of_a_class_are_merged_by_the_maximum_and_classes_are_apart():
    first, second, third = [1, 1, 6, 6, 2], [4, 3, 9, 9, 2], [2, 2, 8, 8, 0]
    single = [BoxHeatmap()(Annotation((10, 10), [b[4]], boxes=np.array([b]))).scores[0]
              for b in (first, second, third)]  # fmt: skip
    both = BoxHeatmap()(Annotation((10, 10), [0, 2], boxes=np.array([first, third, second])))
    assert torch.equal(both.scores[1], torch.maximum(*single[:2]))
    assert torch.equal(both.scores[0], single[2])


def test_rect_is_a_decision():
    maps = BoxHeatmap(kind='rect')(Annotation((4, 5), [1], boxes=np.array([[1, 1, 3, 2, 1]])))
    expected = torch.zeros(4, 5)
    expected[1, 1:3] = 1
    assert torch.equal(maps.scores[0], expected) and torch.equal(maps.background, 1 - expected)


def test_grab_cut_finds_the_object_in_its_box():
    rng = np.random.default_rng(0)
    image = np.full((60, 60, 3), (40, 120, 60), np.uint8)
    y, x = np.mgrid[:60, :60]
    disc = (x - 30) ** 2 + (y - 28) ** 2 <= 14**2
    image[disc] = (200, 60, 50)
    image = np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)
    boxes = np.array([[14, 12, 47, 45, 1]])
    maps = BoxHeatmap(kind='grabcut')(Annotation((60, 60), [1], boxes=boxes, image=image))
    assert (maps.scores[0].numpy() == disc).mean() > 0.995
    assert torch.equal(maps.background, 1 - maps.scores[0])


def test_grab_cut_of_a_box_without_outside_is_the_box():
    image = np.zeros((6, 6, 3), np.uint8)
    whole = Annotation((6, 6), [1], boxes=np.array([[0, 0, 6, 6, 1]]), image=image)
    assert bool((BoxHeatmap(kind='grabcut')(whole).scores == 1).all())


def test_what_boxes_must_not_be():
    with pytest.raises(ConfigError, match='BoxHeatmap.kind must be one of gaussian'):
        BoxHeatmap(kind='gauss')
    with pytest.raises(ConfigError, match='kappa_x must be a number above 0'):
        BoxHeatmap(kappa_x=0)
    for arguments in (dict(kind='rect'), dict(kind='grabcut'), dict(clip_to_box=True)):
        with pytest.raises(ConfigError, match='head box is not background'):
            BoxHeatmap(box_type='head', **arguments)
    heads = Annotation((9, 9), [1], boxes=np.array([[1, 1, 3, 3, 1]]), head_boxes=True)
    with pytest.raises(DataError, match="Set box_type='head'"):
        BoxHeatmap()(heads)


def test_saliency_is_shared_by_classes_and_warns_of_it():
    saliency = np.array([[0.2, 0.7]], np.float32)
    maps = SaliencyMap()(Annotation((1, 2), [4], saliency=saliency))
    assert maps.scores.tolist() == [saliency.tolist()]
    assert torch.equal(maps.background, 1 - maps.scores[0])
    with pytest.warns(UserWarning, match='ambiguous'):
        several = SaliencyMap()(Annotation((1, 2), [4, 5], saliency=saliency))
    assert torch.equal(several.scores[0], several.scores[1])


def test_points_are_blobs_that_end():
    points = np.array([[20, 10, 5], [20, 60, 5], [40, 30, -1]], float)
    maps = PointSeeds(sigma=0.04)(Annotation((60, 80), [5], points=points))  # 4 pixels
    assert float(maps.scores[0, 20, 10]) == float(maps.scores[0, 20, 60]) == 1
    assert float(maps.scores[0, 20, 14]) == pytest.approx(math.exp(-0.5), abs=1e-6)
    assert float(maps.scores[0, 20, 17]) > 0.135 and float(maps.scores[0, 20, 19]) == 0
    assert float(maps.background[40, 30]) == 1 and float(maps.background[20, 10]) == 0
    assert float(maps.scores[0, 0, 79]) == float(maps.background[0, 79]) == 0


def test_scribbles_are_widened_where_they_do_not_meet():
    scribbles = np.full((7, 12), -2, np.int16)
    scribbles[3, 2], scribbles[3, 4], scribbles[3, 9] = 1, 6, -1
    maps = ScribbleSeeds(width=3)(Annotation((7, 12), [1, 6], scribbles=scribbles))

    def drawn(plane):
        return [tuple(place) for place in plane.nonzero().tolist()]

    # a cross of 3 pixels; the pixel between the first two belongs to neither
    assert drawn(maps.scores[0]) == [(2, 2), (3, 1), (3, 2), (4, 2)]
    assert drawn(maps.scores[1]) == [(2, 4), (3, 4), (3, 5), (4, 4)]
    assert drawn(maps.background) == [(2, 9), (3, 8), (3, 9), (3, 10), (4, 9)]
    with pytest.raises(ConfigError, match='width'):
        ScribbleSeeds(width=0)


@pytest.mark.parametrize(
    ('fields', 'said'),
    [
        (dict(boxes=np.array([[3, 1, 3, 5, 2]])), '1 boxes are empty, such as'),
        (dict(boxes=np.array([[9, 1, 12, 5, 2]])), 'outside of the 8 x 9 pixels'),
        (dict(boxes=np.array([[1, 1, 3, 5, 4]])), r'classes \[4\].*labels \[2\]'),
        (dict(boxes=np.array([[1, 1, np.nan, 5, 2]])), 'NaN'),
        (dict(boxes=np.zeros((1, 4))), r'must be \(N, 5\)'),
        (dict(points=np.array([[8, 1, 2]])), r'points \(y, x, class\) are outside'),
        (dict(points=np.array([[1, 1, 0]])), r'points are of the classes \[0\]'),
        (dict(scribbles=np.zeros((9, 8), np.int16)), '9 x 8, the image is 8 x 9'),
        (dict(scribbles=np.zeros((8, 9), np.int16)), r'scribbles are of the classes \[0\]'),
        (dict(saliency=np.zeros((4, 9))), 'saliency are 4 x 9'),
        (dict(saliency=np.full((8, 9), 1.01)), 'outside of 0..1'),
        (dict(saliency=np.full((8, 9), np.nan)), 'outside of 0..1, or NaN'),
    ],
)
def test_annotations_of_something_else_are_refused(fields, said):
    with pytest.raises(DataError, match=said):
        Annotation((8, 9), [2], **fields)


@pytest.mark.parametrize('labels', [[3, 2], [2, 2]])
def test_labels_of_an_annotation_strictly_increase(labels):
    with pytest.raises(DataError, match='labels must strictly increase'):
        Annotation((8, 9), labels)
