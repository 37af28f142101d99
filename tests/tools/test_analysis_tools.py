# SPDX-License-Identifier: Apache-2.0
"""The tools that check and show data sets, as they are called."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wsss.fileio import write_mask
from wsss.visualization.dataset_sheet import dataset_sheets, draw_boxes
from wsss.visualization.sample_panels import Legend

TOOLS = Path(__file__).resolve().parents[2] / 'tools' / 'analysis_tools'
CONFIG = """
data_root = None
folder = dict(type='wsss.FolderDataset', data_root='@data_root', images='images', masks='masks',
              labels=dict(type='wsss.CsvLabels'), val_fraction=0.25)
data = dict(num_classes=2, num_labels=3, train=dict(_ref_='@folder', split='train', held_out=0.5),
            val=dict(_ref_='@folder', split='val'), test=dict(_ref_='@folder', split='val'))
"""


def tool(name):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.fixture
def call(tmp_path):
    (tmp_path / 'images').mkdir()
    for number in range(8):
        Image.new('RGB', (20, 12), (200, 30, 30)).save(tmp_path / 'images' / f'{number}.jpg')
        write_mask(tmp_path / 'masks' / f'{number}.png', np.ones((12, 20), np.uint8))
    rows = [f'{number},{"cat" if number < 6 else "dog"}' for number in range(8)]
    (tmp_path / 'labels.csv').write_text('file,label\n' + '\n'.join(rows))
    (tmp_path / 'config.py').write_text(CONFIG)

    def run(name, *arguments):
        options = ['--cfg-options', f'data_root={tmp_path}']
        return tool(name)([str(tmp_path / 'config.py'), *map(str, arguments), *options])

    return run


def test_check_prints_all_data_sets_and_writes_json(call, tmp_path, capsys):
    assert call('check_dataset', '--workers', 0, '--json', tmp_path / 'out.json') == 0
    printed = capsys.readouterr().out
    assert "data.train: FolderDataset, split 'train', 6 images" in printed
    assert 'data.test: the same as data.val' in printed
    assert 'all files are readable' in printed
    report = json.loads((tmp_path / 'out.json').read_text())
    assert report['splits']['val']['images'] == 2 and report['splits']['test'] == {'same_as': 'val'}
    assert report['overlaps'] == []


def test_check_fails_with_the_names_of_all_bad_files(call, tmp_path, capsys):
    (tmp_path / 'images' / '1.jpg').write_bytes(b'')
    (tmp_path / 'images' / '5.jpg').write_bytes(b'GIF89a')
    assert call('check_dataset', '--workers', 1) == 1
    captured = capsys.readouterr()
    assert '1.jpg' in captured.out and '5.jpg' in captured.out
    assert captured.err.startswith('error: 2 problems')


def test_check_says_in_one_line_what_cannot_be_loaded(call, tmp_path, capsys):
    (tmp_path / 'labels.csv').unlink()
    assert call('check_dataset') == 1
    assert capsys.readouterr().err.count('\n') == 1


def test_browse_writes_pages(call, tmp_path, capsys):
    out = tmp_path / 'out'
    assert call('browse_dataset', '--out', out, '--split', 'train', '--per-page', 4) == 0
    assert sorted(path.name for path in out.iterdir()) == ['train_1.png', 'train_2.png']
    assert 'wrote' in capsys.readouterr().out


def test_browse_shows_one_class(call, tmp_path, capsys):
    arguments = ('browse_dataset', '--out', tmp_path / 'out', '--split', 'val')
    assert call(*arguments, '--class', 'cta') == 1
    assert "Did you mean 'cat'" in capsys.readouterr().err
    assert call(*arguments, '--class', 'cat') == 0


def test_boxes_are_drawn_at_the_scale_of_the_panel():
    legend = Legend(('background', 'cat'), ('cat',), (1,), np.full((256, 3), 77, np.uint8))
    image = np.zeros((20, 20, 3), np.uint8)
    draw_boxes(image, [(8, 8, 40, 32, 0)], 0.5, legend)
    rows, columns = np.nonzero(image[..., 0] == 77)
    assert rows.min() <= 4 <= rows.min() + 1 and columns.max() >= 19
    assert image[10, 12].tolist() == [0, 0, 0]


def test_a_sheet_without_masks_has_one_column(tmp_path):
    Image.new('RGB', (20, 12)).save(tmp_path / 'a.png')
    info = dict(
        image_id='a', img_path=str(tmp_path / 'a.png'), boxes=[], mask_path=None, gt_label=[]
    )
    meta = dict(classes=('background', 'cat'), image_classes=('cat',))
    (alone,) = dataset_sheets([info], meta, panel=64)
    write_mask(tmp_path / 'm.png', np.full((12, 20), 255, np.uint8))
    masked = {**info, 'mask_path': str(tmp_path / 'm.png'), 'mask_values': None, 'num_labels': 2}
    (both,) = dataset_sheets([masked], meta, panel=64)
    assert both.shape[1] > alone.shape[1]
