# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from wsss.visualization import (
    VOID_COLOUR,
    colourise,
    full_palette,
    overlay_mask,
    overlay_scores,
    score_colours,
    voc_palette,
)


def test_voc_palette_equals_published_colours():
    colours = voc_palette(21).tolist()
    assert colours[1] == [128, 0, 0]
    assert colours[8] == [64, 0, 0]
    assert colours[15] == [192, 128, 128]
    assert colours[20] == [0, 64, 128]


def test_voc_palette_colours_are_all_different():
    assert len({tuple(c) for c in voc_palette(256).tolist()}) == 256


@pytest.mark.parametrize('count', [0, 257])
def test_voc_palette_refuses_counts_out_of_range(count):
    with pytest.raises(ValueError, match='1..256'):
        voc_palette(count)


def test_full_palette_keeps_given_colours_and_void():
    colours = full_palette([[1, 2, 3], [4, 5, 6]])
    assert colours[:2].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert colours[2].tolist() == voc_palette(3)[2].tolist()
    assert tuple(colours[255]) == VOID_COLOUR


@pytest.mark.parametrize('palette', [[[1, 2]], [[0, 0, 256]], [[0, 0, -1]], [[0, 0, 0]] * 257])
def test_full_palette_refuses_what_is_not_rgb(palette):
    with pytest.raises(ValueError, match='RGB triples'):
        full_palette(palette)


def test_colourise_maps_ids_and_stripes_void():
    mask = np.zeros((16, 16), np.uint8)
    mask[:, 8:] = 255
    mask[0, 0] = 1
    colours = colourise(mask, [[0, 0, 0], [10, 20, 30]])
    assert colours[0, 0].tolist() == [10, 20, 30]
    assert not colours[1:, :8].any()
    void = {tuple(c) for c in colours[:, 8:].reshape(-1, 3).tolist()}
    assert void == {VOID_COLOUR, (96, 96, 96)}


@pytest.mark.parametrize('mask', [np.zeros((2, 2), np.int64), np.zeros((1, 2, 2), np.uint8)])
def test_colourise_refuses_other_arrays(mask):
    with pytest.raises(ValueError, match='uint8'):
        colourise(mask)


def test_overlay_mask_blends_by_hand_worked_shares():
    image = np.full((1, 3, 3), 100, np.uint8)
    mask = np.array([[0, 1, 255]], np.uint8)
    shown = overlay_mask(image, mask, [[0, 0, 0], [200, 0, 50]], alpha=0.5)
    assert shown[0, 0].tolist() == [75, 75, 75]
    assert shown[0, 1].tolist() == [150, 50, 75]
    assert tuple(shown[0, 2]) == VOID_COLOUR


def test_overlay_scores_blends_grey_image_with_score_colours():
    image = np.zeros((1, 3, 3), np.uint8)
    image[..., 0] = 100  # luma of (100, 0, 0) is 30
    shown = overlay_scores(image, np.array([[0.0, 1.0, np.nan]], np.float32), alpha=0.5)
    low, high = score_colours()[0].astype(float), score_colours()[255].astype(float)
    assert np.abs(shown[0, 0] - (15 + low / 2)).max() <= 0.5
    assert np.abs(shown[0, 1] - (15 + high / 2)).max() <= 0.5
    assert (shown[0, 2] == shown[0, 0]).all()


def test_overlay_scores_clips_values():
    image = np.zeros((1, 2, 3), np.uint8)
    beyond = overlay_scores(image, np.array([[-3.0, np.inf]]), alpha=1)
    assert (beyond[0] == score_colours()[[0, 255]]).all()


def test_score_colours_grow_in_lightness():
    luma = score_colours().astype(float) @ [0.299, 0.587, 0.114]
    assert (np.diff(luma) > -1).all()
    assert luma[0] < 5 and luma[-1] > 220


@pytest.mark.parametrize('draw', [overlay_mask, overlay_scores])
def test_overlays_refuse_shapes_that_do_not_fit(draw):
    image = np.zeros((4, 4, 3), np.uint8)
    plane = np.zeros((4, 4), np.uint8)
    with pytest.raises(ValueError, match='size of the image'):
        draw(image, plane[:2])
    with pytest.raises(ValueError, match='image must be uint8'):
        draw(image.astype(float), plane)
    with pytest.raises(ValueError, match='alpha'):
        draw(image, plane, alpha=1.5)
