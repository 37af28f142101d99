# SPDX-License-Identifier: Apache-2.0
"""Bad input ends at once with one clear message, exit code 1, and everything made before intact."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from wsss.fileio import write_mask


@pytest.fixture
def run(tiny, capfd):
    """Run a child config; return exit code, the error line and whether a traceback was shown."""

    def call(text='', *arguments):
        config = tiny.child(text) if text else tiny.config
        capfd.readouterr()
        code = tiny.train(*arguments, config=config)
        out, err = capfd.readouterr()
        assert 'Traceback' not in err
        assert code == 1
        lines = [line for line in err.splitlines() if line.startswith('error: ')]
        assert len(lines) == 1, err
        return err[err.index('error: ') :]

    return call


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        # unknown registry names
        ("cams = dict(model=dict(cam=dict(type='GradCAMPlusplus')))",
         ['cams.model.cam.type', 'GradCAMPlusplus', "'GradCAMPlusPlus'"]),
        ("classifier_model = dict(backbone=dict(type='wsss.PlainConvNett'))",
         ['classifier.model.backbone.type', "'wsss.PlainConvNet'"]),
        ("pseudo_labels = dict(model=dict(labeler=dict(type='wsss.Otsuu')))",
         ['pseudo_labels.model.labeler.type', 'Otsu']),
        # misspelt keys
        ('cams = dict(model=dict(cam=dict(varient=1)))',
         ['cams.model.cam.varient', "'variant'"]),
        ('classifier = dict(train_dataloder=dict(batch_size=2))',
         ['classifier.train_dataloder', "'train_dataloader'"]),
        ('clasifier = dict(train_cfg=dict(max_epochs=1))', ["'clasifier'", "'classifier'"]),
        ('classifier = dict(train_cfg=dict(max_epoch=1))',
         ['classifier.train_cfg', 'max_epoch']),
        ('segmentor_model = dict(backbone=dict(chanels=4))',
         ['segmentor.model.backbone.chanels', "'channels'"]),
        ('data = dict(train=dict(num_image=4))', ['num_image', "'num_images'"]),
        # no step at all
        ('classifier = dict(train_dataloader=dict(batch_size=30, drop_last=True))',
         ['classifier', 'train_dataloader: 24 images', 'no batch of 30', 'batch_size']),
        ("classifier_model = dict(data_preprocessor=dict(to_onehot=True, "
         "num_classes='@data/num_classes', "
         "batch_augments=dict(augments=[dict(type='Mixup', alpha=0.2)])))\n"
         'classifier = dict(train_dataloader=dict(batch_size=1))',
         ['batch_size', 'one image', 'nothing would be mixed', '2 or more']),
        # references
        ("cams = dict(load_from='@segmentor/weights.pth')",
         ['cams.load_from', 'a later stage', 'classifier']),
        ("cams = dict(load_from='@data/weights')", ['cams.load_from', '@data/weights', 'train']),
        ("pipeline = ['classifier', 'cam']", ["'cam'", "'cams'"]),
        ("classifier = dict(run='fit')", ["classifier.run", "'train' or 'test'", "'fit'"]),
        # weights
        ("cams = dict(load_from='/nowhere/w.pth')\npipeline = ['cams']",
         ['stage cams', '/nowhere/w.pth', 'does not exist']),
        ("classifier_model = dict(backbone=dict(init_cfg=dict(type='Pretrained', "
         "checkpoint='/nowhere/b.pth')))", ['/nowhere/b.pth', 'does not exist']),
        # data
        ("_pets = dict(_delete_=True, type='wsss.OxfordPet', data_root='/nowhere/pets')\n"
         "data = dict(num_classes=37, train=_pets, val=_pets, test=_pets)",
         ['/nowhere/pets', 'WSSS_DATA_ROOT', 'data_root']),
    ],
)  # fmt: skip
def test_a_bad_config_is_refused_before_anything_runs(run, tiny, text, words):
    message = run(text)
    for word in words:
        assert word in message, message
    assert not tiny.files('*/*/record.json', '.')


def test_options_that_name_nothing_are_refused(run):
    assert "'classifier'" in run('', '--cfg-options', 'clasifier.train_cfg.max_epochs=1')
    assert "'cams'" in run('', '--stage', 'cms')
    assert 'STAGE=DIR' in run('', '--reuse', 'classifier')
    assert 'weights.pth' in run('', '--reuse', 'classifier=/nowhere')
    # given twice, both count
    both = ['--reuse', 'classifier=/nowhere', '--reuse', 'cams=/elsewhere']
    assert '--reuse classifier=/nowhere' in run('', *both)


def test_a_missing_config_is_named(tiny, capsys):
    assert tiny.train(config=tiny.folder / 'none.py') == 1
    assert 'none.py does not exist' in capsys.readouterr().err


@pytest.fixture
def broken(tiny, mapped):
    """A copy of that run for the test to damage: the files of one of its training images."""
    for part in ('run', 'data'):
        shutil.copytree(mapped.folder / part, tiny.folder / part)
    image = next((tiny.folder / 'data').glob('train-*/images/*3.png'))
    mask = image.parents[1] / 'masks' / image.name
    before = tiny.files('classifier/weights.pth')
    yield dict(image_id=image.stem, img_path=str(image), mask_path=str(mask))
    assert tiny.files('classifier/weights.pth') == before


def test_a_corrupt_image_is_named(run, tiny, broken):
    shutil.rmtree(tiny.folder / 'run' / 'cams')
    content = open(broken['img_path'], 'rb').read()
    open(broken['img_path'], 'wb').write(content[: len(content) // 2])
    message = run('', '--from', 'cams')
    assert 'stage cams' in message and broken['image_id'] in message and 'image' in message


@pytest.mark.parametrize(
    ('mask', 'words'),
    [
        (np.zeros((20, 48), np.uint8), ['20 x 48', '48 x 48']),
        (np.full((48, 48), 77, np.uint8), ['77', 'allowed']),
        (np.zeros((48, 48, 3), np.uint8), ['mode RGB', 'palette']),
    ],
)
def test_a_wrong_mask_is_named(run, tiny, broken, mask, words):
    if mask.ndim == 2:
        write_mask(broken['mask_path'], mask)
    else:
        Image.fromarray(mask).save(broken['mask_path'])
    message = run('', '--stage', 'pseudo_labels')
    for word in ['stage pseudo_labels', broken['image_id'], *words]:
        assert word in message, message
    assert len(tiny.files('cams/scores/*.npz')) == 24


@pytest.mark.parametrize('verify', [True, False])
def test_a_bad_file_is_found_before_training(run, tiny, mapped, verify):
    """The last file of the last data set; without the check, in the first evaluation."""
    shutil.copytree(mapped.folder / 'data', tiny.folder / 'data')
    image = sorted((tiny.folder / 'data').glob('val-*/images/*.png'))[-1]
    image.write_bytes(b'')
    message = run(f'verify_files = {verify}', '--until', 'classifier')
    assert str(image) in message and 'is empty' in message and 'stage classifier' in message
    assert ('val_dataloader' in message) is verify
    assert bool(tiny.files('classifier/checkpoints/*.pth')) is not verify


def test_damaged_maps_are_named(run, tiny, broken):
    path = tiny.folder / 'run/cams/scores' / f'{broken["image_id"]}.npz'
    path.write_bytes(path.read_bytes()[:50])
    message = run('', '--from', 'pseudo_labels')
    assert str(path) in message and '--redo' in message


def test_a_checkpoint_of_another_network_is_refused(run, tiny, broken):
    shutil.rmtree(tiny.folder / 'run' / 'cams')
    torch.save({'backbone.conv1.weight': torch.zeros(1)}, tiny.folder / 'other.pth')
    message = run(f"cams = dict(load_from='{tiny.folder}/other.pth')", '--stage', 'cams')
    assert 'other.pth' in message and 'do not fit' in message and 'missing' in message


def test_an_empty_split_is_an_error(run, tiny):
    pets = tiny.folder / 'pets'
    (pets / 'annotations' / 'trimaps').mkdir(parents=True)
    (pets / 'images').mkdir()
    for name in ('trainval', 'test'):
        (pets / 'annotations' / f'{name}.txt').write_text('')
    text = (
        f"_pets = dict(_delete_=True, type='wsss.OxfordPet', data_root='{pets}')\n"
        "data = dict(num_classes=37, train=dict(split='trainval', **_pets), "
        "val=dict(split='test', **_pets), test=dict(split='test', **_pets))"
    )
    message = run(text)
    assert 'trainval' in message


def test_a_foreign_record_is_not_trusted(run, tiny):
    folder = tiny.folder / 'run/classifier'
    folder.mkdir(parents=True)
    (folder / 'record.json').write_text('[]')
    assert 'record.json' in run()
    shutil.rmtree(folder)
