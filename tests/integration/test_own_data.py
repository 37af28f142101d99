# SPDX-License-Identifier: Apache-2.0
"""The page about own pictures, followed to the letter on a few dozen generated ones."""

import importlib.util
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wsss.datasets.palette import make_palette
from wsss.fileio import read_json, write_mask

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs/en/user_guides/own_data.md'
# the page's recipe, with a thin network without weights and one epoch
SMALL = """
_base_ = '{root}/configs/cam/folder_light.py'
classifier_model = dict(backbone=dict(widen_factor=0.25, init_cfg=None, frozen_stages=-1))
classifier = dict(train_dataloader=dict(batch_size=8), train_cfg=dict(max_epochs=1))
segmentor_model = dict(
    backbone=dict(widen_factor=0.25, init_cfg=None),
    decode_head=dict(in_channels=80, channels=8, dilations=(1, 3)),
)
segmentor = dict(train_dataloader=dict(batch_size=8), train_cfg=dict(max_epochs=1))
"""
CLASSES = ('cat', 'dog', 'horse')


def blocks(language: str) -> list[str]:
    return re.findall(rf'```{language}\n(.*?)```', PAGE.read_text(), re.S)


def draw(folder: Path, name: str, labels: list[str], rng: np.random.Generator) -> None:
    """Draw a bright square of its own colour for each class, and the mask."""
    image = rng.integers(0, 90, (48, 64, 3), np.uint8)
    mask = np.zeros((48, 64), np.uint8)
    for label in labels:
        index = CLASSES.index(label)
        x, y = 20 * index + rng.integers(0, 4), rng.integers(0, 30)
        image[y : y + 16, x : x + 16, index] = 250
        mask[y : y + 16, x : x + 16] = index + 1
    picture = folder / 'images' / name
    picture.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(picture)
    write_mask(folder / 'masks' / Path(name).with_suffix('.png'), mask, make_palette(4))


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    (table,) = blocks('csv')
    table += ''.join(
        f'more/{n:04d}.jpg,{";".join(rng.choice(CLASSES, n % 3, replace=False))}\n'
        for n in range(26)
    )
    folder = tmp_path / 'my_pictures'
    for line in table.splitlines()[1:]:
        name, labels = line.split(',')
        draw(folder, name, [label for label in labels.split(';') if label], rng)
    (folder / 'labels.csv').write_text(table)
    (tmp_path / 'my_project').mkdir()
    (tmp_path / 'small.py').write_text(SMALL.format(root=ROOT))
    for text in blocks('python'):
        path = re.match(r'# (\S+)\n', text)[1]
        text = text.replace('<wsss>/configs/cam/folder_light.py', str(tmp_path / 'small.py'))
        (tmp_path / path).write_text(text)
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    return tmp_path


def run(command: str) -> None:
    """Run a command of the page in this process."""
    python, script, *arguments = shlex.split(command)
    assert python == 'python'
    spec = importlib.util.spec_from_file_location(Path(script).stem, ROOT / script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    main = getattr(module, 'main', None) or module.train_main
    assert main(arguments) == 0, command


def test_the_page_names_files_that_exist():
    text = PAGE.read_text()
    for path in re.findall(r'(?:tools|configs)/[\w/]+\.py', text):
        assert (ROOT / path).is_file(), path
    for path in re.findall(r'\]\(([\w./]+)', text):
        assert (PAGE.parent / path).is_file(), path


@pytest.mark.slow
def test_the_page_runs_as_written(workplace, capsys):
    commands = [line for text in blocks('bash') for line in text.splitlines()]
    assert len(commands) == 5
    # the fourth trains without any mask
    masks = shutil.move(workplace / 'my_pictures' / 'masks', workplace / 'masks')
    for command in commands[:4]:
        run(command)
    printed = capsys.readouterr().out
    assert "data.train: FolderDataset, split 'train', 24 images" in printed
    assert list((workplace / 'my_project' / 'sheets').glob('train_*.png'))
    out = workplace / 'work_dirs' / 'my_pictures'
    stages = read_json(out / 'summary.json')['stages']
    assert list(stages) == ['classifier', 'cams', 'pseudo_labels', 'segmentor']
    assert stages['pseudo_labels']['protocol'] == 'label_free'
    assert 'mAP' in stages['classifier']['metrics']
    assert 'mIoU' not in stages['segmentor']['metrics']
    assert len(list((out / 'segmentor' / 'masks').glob('*.png'))) == 6
    assert (out / 'segmentor' / 'weights.pth').is_file()
    for stage in stages:
        assert (out / stage / 'contact_sheet.png').is_file(), stage

    shutil.move(masks, workplace / 'my_pictures' / 'masks')
    run(commands[4])
    stages = read_json(workplace / 'work_dirs' / 'with_masks' / 'summary.json')['stages']
    assert stages['pseudo_labels']['protocol'] == 'held_out'
    assert stages['pseudo_labels_test']['protocol'] == 'earlier (held_out)'
    assert all('mIoU' in stages[s]['metrics'] for s in ('pseudo_labels_test', 'segmentor'))
