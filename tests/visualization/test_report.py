# SPDX-License-Identifier: Apache-2.0
from html.parser import HTMLParser

from wsss.visualization import write_report
from wsss.visualization.report import main_figure, split_figures

VOID_TAGS = {'meta', 'img', 'br'}


class Balanced(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.open, self.seen = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def summary(**entry):
    return dict(config='demo/shapes', stages=dict(pseudo_labels=entry))


def test_report_shows_figures_with_split_and_protocol(tmp_path):
    entry = dict(
        metrics={'mIoU': 71.3, 'images': 20}, split='val', protocol='held_out', threshold=0.35,
        seconds=12.3, images_per_s=41.0, status='done',
    )  # fmt: skip
    page = write_report(tmp_path, summary(**entry)).read_text()
    for text in ('demo/shapes', 'mIoU', '71.30', 'val', 'held_out', '0.3500', '12.30', '41.00'):
        assert text in page
    parsed = Balanced(page)
    assert not parsed.open
    assert 'script' not in {tag for tag, _ in parsed.seen}


def test_report_links_pictures_that_exist_by_relative_path(tmp_path):
    (tmp_path / 'pseudo_labels').mkdir()
    (tmp_path / 'pseudo_labels' / 'contact_sheet.png').write_bytes(b'x')
    parsed = Balanced(write_report(tmp_path, summary(metrics={})).read_text())
    sources = [attrs['src'] for tag, attrs in parsed.seen if tag == 'img']
    assert sources == ['pseudo_labels/contact_sheet.png']


def test_report_shows_classes_from_notes_of_a_stage(tmp_path):
    health = dict(per_class={'cat': {'AP': 12.5, 'images': 3}, 'dog': {'AP': 80.0}})
    page = write_report(tmp_path, summary(health=health, per_class={'cow': 3})).read_text()
    assert '<h3>Health</h3>' in page and '<h3>Per class</h3>' in page
    assert '12.50' in page and 'cow' in page


def test_figures_of_classes_become_a_table_worst_first(tmp_path):
    metrics = {'mIoU': 50.0, 'IoU/dog': 60.0, 'Dice/dog': 75.0, 'IoU/cat': 40.0, 'maps/area': 3.0}
    whole, classes = split_figures(metrics)
    assert whole == {'mIoU': 50.0, 'maps/area': 3.0}
    assert list(classes) == ['cat', 'dog']
    assert classes['dog'] == {'IoU': 60.0, 'Dice': 75.0}
    page = write_report(tmp_path, summary(metrics=metrics)).read_text()
    assert page.index('40.00') < page.index('60.00') and '<h3>Classes</h3>' in page


def test_flat_notes_become_tables_and_nested_ones_are_left_out(tmp_path):
    entry = dict(blank_maps_by_class={'cat': 2.5}, odd={'a': {'b': 1}, 'c': [1]})
    page = write_report(tmp_path, summary(**entry)).read_text()
    assert '<h3>Blank maps by class</h3>' in page and '2.50' in page and 'Odd' not in page


def test_report_escapes_everything(tmp_path):
    evil = '<b onload="x">&'
    entry = dict(metrics={evil: evil}, split=evil, per_class={evil: {evil: evil}})
    page = write_report(tmp_path, dict(config=evil, stages={evil: entry})).read_text()
    assert evil not in page and '&lt;b onload=&quot;x&quot;&gt;&amp;' in page
    assert not Balanced(page).open


def test_report_of_nothing_says_so(tmp_path):
    assert 'No stage has finished' in write_report(tmp_path, {}).read_text()
    assert write_report(tmp_path, dict(config='a', stages={'cams': None})).is_file()


def test_main_figure_prefers_miou():
    assert main_figure({'loss': 1, 'accuracy': 2, 'mIoU': 3}) == ('mIoU', 3)
    assert main_figure({'loss': 1}) == ('loss', 1)
    assert main_figure({'loss': 1, 'masks/mIoU': 2}) == ('mIoU', 2)
    assert main_figure({}) is None
