# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy import ndimage

from wsss.ops.regions import fill_holes, keep_regions


def grid(*rows):
    table = {'.': 0, 'i': 255}
    return np.array([[table.get(c) if c in table else int(c) for c in r] for r in rows], np.uint8)


MIXED = grid('11..2', '.1..2', '..i..', '1...2')


def test_small_regions_go_and_corners_connect():
    assert np.array_equal(keep_regions(MIXED, 2), grid('11..2', '.1..2', '..i..', '.....'))
    assert np.array_equal(keep_regions(MIXED, 3), grid('11...', '.1...', '..i..', '.....'))
    assert keep_regions(grid('1.', '.1'), 2).any()


def test_ignored_pixels_stay_and_separate():
    assert np.array_equal(keep_regions(grid('1i1'), 2), grid('.i.'))


def test_neighbouring_labels_are_regions_of_their_own():
    assert np.array_equal(keep_regions(grid('112'), 2), grid('11.'))


def test_largest_region_of_each_label_stays():
    expected = grid('11..2', '.1..2', '..i..', '.....')
    assert np.array_equal(keep_regions(MIXED, largest=True), expected)


def test_of_equal_regions_the_first_stays():
    assert np.array_equal(
        keep_regions(grid('1.1', '...', '1..'), largest=True), grid('1..', '...', '...')
    )


def test_largest_is_the_largest_also_if_it_is_too_small():
    assert not keep_regions(grid('1.1'), 2, largest=True).any()


def test_holes_are_closed_and_bays_are_not():
    labels = grid('.111.', '.1.1.', '.111.', '1.1..')
    assert np.array_equal(fill_holes(labels), grid('.111.', '.111.', '.111.', '1.1..'))
    assert np.array_equal(fill_holes(grid('1.1', '1.1', '111')), grid('1.1', '1.1', '111'))


def test_outline_over_corners_encloses_a_hole():
    assert np.array_equal(fill_holes(grid('.1.', '1.1', '.1.')), grid('.1.', '111', '.1.'))


@pytest.mark.parametrize('beside', ['2', 'i'])
def test_hole_that_touches_something_else_stays(beside):
    labels = grid('1111', f'1..{beside}', '1111')
    assert np.array_equal(fill_holes(labels), labels)


def test_island_inside_a_hole_of_the_same_class_does_not_matter():
    labels = grid('11111', '1...1', '1.1.1', '1...1', '11111')
    assert (fill_holes(labels) == 1).all()


@pytest.mark.parametrize('seed', range(3))
def test_a_single_label_is_filled_and_kept_as_scipy_does(seed):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).random((60, 80)), 1.5)
    labels = (noise > np.median(noise)).astype(np.uint8)
    corners = np.ones((3, 3))
    assert np.array_equal(fill_holes(labels), ndimage.binary_fill_holes(labels))
    regions, count = ndimage.label(labels, corners)
    sizes = np.bincount(regions.ravel())[1:]
    assert count > 3
    expected = np.isin(regions, 1 + np.flatnonzero(sizes >= 12))
    assert np.array_equal(keep_regions(labels, 12), expected)
    expected = regions == 1 + sizes.argmax()
    assert np.array_equal(keep_regions(labels, largest=True), expected)


@pytest.mark.parametrize('labels', [grid('00', '00'), grid('11', '11'), grid('ii', 'ii')])
def test_nothing_to_do_changes_nothing(labels):
    for result in (fill_holes(labels), keep_regions(labels, 1, True)):
        assert np.array_equal(result, labels) and result is not labels
        assert result.dtype == np.uint8
