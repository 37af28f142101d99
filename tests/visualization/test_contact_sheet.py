# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from wsss.visualization import Panel, SheetRow, contact_sheet, fit_image, fit_size

RED = (200, 0, 0)


def plain(height, width, colour=RED):
    return np.full((height, width, 3), colour, np.uint8)


def is_colour(page, colour):
    return (page == np.array(colour, np.uint8)).all(-1)


def test_fit_size_keeps_the_shape():
    assert fit_size(375, 500, 100) == (75, 100)
    assert fit_size(500, 10, 50) == (50, 1)


def test_fit_image_leaves_fitting_image_alone():
    image = plain(50, 100)
    assert fit_image(image, 100) is image
    assert fit_image(image, 40).shape == (20, 40, 3)
    assert fit_image(image, 200).shape == (100, 200, 3)


def test_sheet_shows_panels_side_by_side():
    rows = [SheetRow('a', [('', plain(64, 64)), ('', plain(64, 64, (0, 0, 200)))])]
    page = contact_sheet(rows, ['image', 'map'], panel=64)
    red, blue = is_colour(page, RED), is_colour(page, (0, 0, 200))
    assert red.sum() == blue.sum() == 64 * 64
    assert np.nonzero(red)[1].max() < np.nonzero(blue)[1].min()


def test_sheet_puts_rows_across():
    rows = [SheetRow(str(i), [('x', plain(64, 64))]) for i in range(3)]
    one, two = contact_sheet(rows, ['image'], panel=64), contact_sheet(rows, ['i'], '', 64, 2)
    assert two.shape[1] > 2 * 64 and two.shape[0] < one.shape[0]
    assert is_colour(two, RED).sum() == 3 * 64 * 64


def test_sheet_leaves_missing_panel_empty():
    page = contact_sheet([SheetRow('a', [None, ('', plain(64, 64))])], ['i', 'm'], panel=64)
    assert np.nonzero(is_colour(page, RED))[1].min() >= 64


def test_wide_images_waste_no_paper():
    high = contact_sheet([SheetRow('a', [('', plain(64, 64))])], ['i'], panel=64)
    flat = contact_sheet([SheetRow('a', [('', plain(16, 64))])], ['i'], panel=64)
    assert high.shape[0] - flat.shape[0] == 48


def test_wrong_panel_and_its_red_lines_are_marked():
    image = plain(64, 64, (0, 0, 0))
    good = contact_sheet([SheetRow('a', [Panel('cat\ndog', image)])], ['i'], panel=64)
    bad = contact_sheet([SheetRow('a', [Panel('cat\ndog', image, True, [1])])], ['i'], panel=64)
    frame = 64 * 64 - 58 * 58
    assert not is_colour(good, (196, 24, 24)).any()
    assert is_colour(bad, (196, 24, 24)).sum() == frame

    def reddish(page, rows):
        part = page[rows].astype(int)
        return (part[..., 0] - part[..., 1] > 60).any()

    assert not reddish(bad, slice(-44, -28)), 'first line'
    assert reddish(bad, slice(-28, None)), 'second line'


def test_long_captions_are_wrapped_and_cut_at_the_panel():
    words = 'aeroplane bicycle bird boat bottle bus car cat chair cow'
    pages = [
        contact_sheet([SheetRow('a', [(text, plain(64, 64))])], ['i'], panel=64)
        for text in ('cat', words, 'x' * 500)
    ]
    assert pages[1].shape[0] - pages[0].shape[0] == 16
    assert pages[2].shape == pages[0].shape


def test_tags_are_drawn_in_their_colour():
    row = SheetRow('a', [('', plain(128, 128))], [('cat', (0, 200, 0))])
    assert is_colour(contact_sheet([row], ['i'], panel=128), (0, 200, 0)).sum() >= 64


def test_odd_characters_do_not_break_a_sheet():
    row = SheetRow('\x00\u732b\n', [('\t\ud83d', plain(64, 64))])
    assert contact_sheet([row], ['i'], panel=64).dtype == np.uint8


def test_sheet_refuses_what_it_cannot_lay_out():
    row = SheetRow('cat_1', [('', plain(8, 8))])
    with pytest.raises(ValueError, match='rows and columns'):
        contact_sheet([], ['image'])
    with pytest.raises(ValueError, match="'cat_1' has 1 panels for 2 columns"):
        contact_sheet([row], ['image', 'map'])
    with pytest.raises(ValueError, match='panel must be >= 32'):
        contact_sheet([row], ['image'], panel=8)
