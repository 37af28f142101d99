# SPDX-License-Identifier: Apache-2.0
"""All stages of a small config, tried."""

import copy
import importlib.util
from pathlib import Path

import pytest

from wsss.datasets import VOC12, OxfordPet
from wsss.engine.cli import load_config
from wsss.engine.estimate import estimate
from wsss.engine.estimate.parts import Part, count_images, parts_of_stage, passes
from wsss.engine.run_state import RunState
from wsss.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]
SMALL = {
    'data.train.image_size': (48, 48),
    'data.val.image_size': (48, 48),
    'data.test.image_size': (48, 48),
    'data.train.num_images': 40,
    'data.val.num_images': 20,
    'cams.test_dataloader.dataset.pipeline.1.scales': (1.0, 2.0),
}


def shapes(**changes):
    return load_config(str(ROOT / 'configs/demo/shapes.py'), {**SMALL, **changes}).to_dict()


@pytest.fixture(scope='module')
def rows():
    config = shapes(pipeline=['classifier', 'cams', 'pseudo_labels', 'segmentor'])
    return {row.part.name: row for row in estimate(config, 'shapes.py', batch=2)}


def test_stages_of_the_demo_can_be_tried(rows):
    assert {name: row.problem for name, row in rows.items() if row.problem} == {}
    assert list(rows) == [
        'classifier: train', 'classifier: val + test', 'cams: test', 'pseudo_labels: test',
        'segmentor: train', 'segmentor: test',
    ]  # fmt: skip


def test_images_epochs_and_steps_are_those_of_the_config(rows):
    row = rows['classifier: train']
    assert (row.images, row.epochs, row.steps, row.part.batch) == (40, 22, 66, 16)
    assert rows['classifier: val + test'].epochs == 23
    assert row.scaled and row.trial.sizes == [(48, 48)]
    assert rows['cams: test'].trial.sizes == [(48, 48), (96, 96)]


def test_forward_and_backward_are_about_three_forwards(rows):
    train, test = rows['classifier: train'].flops, rows['classifier: val + test'].flops
    assert 2.5 * test < train < 3 * test  # the image needs no gradient


def test_maps_of_two_scales_and_mirror_images_cost_little_more_than_ten_forwards(rows):
    factor = rows['cams: test'].flops / rows['classifier: val + test'].flops
    assert 2 * (1 + 4) < factor < 12  # the maps themselves come on top


def test_labels_take_two_rounds_and_no_network(rows):
    row = rows['pseudo_labels: test']
    assert row.trial.rounds == 2 and row.flops == 0
    assert row.hours(1, 15)[1] in ('main process', 'loader')


def test_part_that_fails_is_reported_and_the_others_go_on():
    config = shapes()
    config['pipeline'] = ['classifier']
    config['classifier']['train_dataloader']['dataset']['pipeline'].insert(0, dict(type='Resize'))
    train, test = estimate(config, 'shapes.py', batch=2)
    assert train.trial is None and train.problem.startswith('AssertionError: `scale`')
    assert test.problem is None


def test_pictures_of_background_are_drawn_beside_the_images():
    config = shapes()
    loader = config['classifier']['train_dataloader']
    dataset = loader['dataset']
    pipeline = [dataset['pipeline'][0], dict(type='Resize', scale=(48, 48))]
    loader['dataset'] = dict(
        type='wsss.WithBackground',
        dataset={k: v for k, v in dataset.items() if k != 'pipeline'},
        background=dict(type='wsss.BackgroundPictures'),
        pipeline=[*pipeline, *dataset['pipeline'][1:]],
    )
    loader['sampler'] = dict(type='wsss.BackgroundRatioSampler', background_ratio=0.2)
    row = estimate(config, 'shapes.py', only='classifier', batch=4)[0]
    # the last of 40 images comes after the 9th of the pictures, each of which follows 4
    assert (row.problem, row.images, row.steps) == (None, 49, 22 * 4)


def test_sweep_makes_the_maps_of_all_epochs(rows):
    config = shapes(pipeline=['classifier', 'cams', 'sweep'])
    mask = dict(type='wsss.LoadMask', optional=True)
    config['sweep'] = dict(config['cams'], load_from=None, default_hooks=None, test_evaluator=None)
    config['sweep']['test_dataloader'] = copy.deepcopy(config['cams']['test_dataloader'])
    config['sweep']['test_dataloader']['dataset']['pipeline'].insert(1, mask)
    config['sweep']['test_cfg'] = dict(type='wsss.SweepLoop', training='@classifier', epochs=3)
    (row,) = estimate(config, 'shapes.py', only='sweep', batch=2)
    assert (row.problem, row.images, row.trial.rounds) == (None, 40, 3)
    assert row.flops == pytest.approx(3 * rows['cams: test'].flops, rel=0.01)


def test_choice_goes_over_the_held_out_images_with_each_of_the_weights(rows):
    config = shapes(pipeline=['classifier', 'cams', 'pseudo_labels', 'segmentor', 'chosen'])
    loader = config['segmentor']['test_dataloader']
    config['chosen'] = dict(
        run='test',
        default_scope='mmseg',
        model='@segmentor.model',
        test_dataloader=dict(
            loader, dataset=dict(loader['dataset'], _ref_='@data/train', test_mode=True)
        ),
        test_cfg=dict(
            type='wsss.ChooseWeights',
            candidates=['@classifier/weights.pth', '@segmentor/weights.pth'],
        ),
        test_evaluator=dict(type='wsss.MaskMetric', held_out='only'),
    )
    (row,) = estimate(config, 'shapes.py', only='chosen', batch=2)
    assert (row.problem, row.images, row.trial.rounds) == (None, 4, 2)
    assert row.trial.step.seconds > 0
    assert row.flops == pytest.approx(2 * rows['segmentor: test'].flops, rel=0.01)


def test_student_gets_features_as_long_as_those_of_its_teacher():
    config = shapes(pipeline=['classifier', 'teacher', 'student'])
    config['teacher'] = dict(
        config['cams'],
        model=dict(_ref_='@classifier.model', type='wsss.FeatureClassifier'),
        default_hooks=dict(writer=dict(type='wsss.FeatureWriter')),
        test_evaluator=None,
    )
    config['student'] = student = copy.deepcopy(config['classifier'])
    term = dict(type='wsss.DistillLoss', kind='feature')  # as long as its own
    head = dict(type='wsss.DistillHead', distill=[term])
    student['model'] = dict(_ref_='@classifier.model', head=head)
    pipeline = student['train_dataloader']['dataset']['pipeline']
    pipeline.insert(0, dict(type='wsss.LoadFeatures', folder='@teacher/features'))
    pipeline[-1] = dict(type='PackInputs', algorithm_keys=('teacher',))
    row = estimate(config, 'shapes.py', only='student', batch=2)[0]
    assert (row.part.name, row.problem) == ('student: train', None)


def test_unknown_stage_is_refused_with_the_names_there_are():
    with pytest.raises(ConfigError, match="--stage cam: there is no such stage. .*'cams'"):
        estimate(shapes(), 'shapes.py', only='cam')


def test_validation_unlike_the_test_is_a_part_of_its_own(tmp_path):
    config = shapes()
    config['classifier']['test_dataloader'] = dict(
        _ref_='@classifier.val_dataloader', dataset=dict(split='test')
    )
    parts = parts_of_stage(RunState(config, 'shapes.py', tmp_path).stage('classifier'))
    assert [(part.name, part.validations) for part in parts] == [
        ('classifier: train', 0), ('classifier: val', 22), ('classifier: test', 0),
    ]  # fmt: skip


def test_size_of_an_official_split_is_known_without_it(tmp_path, monkeypatch):
    monkeypatch.delenv('WSSS_DATA_ROOT', raising=False)
    pets = OxfordPet(lazy_init=True)
    assert count_images(pets) == (3680, 'the official split')
    assert count_images(pets, 100) == (100, '--images')
    with pytest.raises(ConfigError, match="split 'mine' of VOC12 has is not known.*--images N"):
        count_images(VOC12(str(tmp_path), split='mine', lazy_init=True))


def test_iterations_are_turned_into_epochs():
    part = Part('segmentor', 'train', 'train_dataloader', batch=16, workers=2)
    assert passes(part, dict(train_cfg=dict(max_iters=100)), 400) == (4.0, 100)
    with pytest.raises(ConfigError, match='neither max_epochs nor max_iters'):
        passes(part, dict(train_cfg=dict(type='Own')), 400)


def test_last_batch_that_is_left_out_is_no_step():
    part = Part('segmentor', 'train', 'train_dataloader', batch=16, workers=2)
    loop = dict(train_cfg=dict(max_epochs=3))
    assert passes(part, {**loop, 'train_dataloader': dict(drop_last=True)}, 40) == (3, 6)
    assert passes(part, {**loop, 'train_dataloader': dict()}, 40) == (3, 9)


def test_tool_writes_the_table_and_nothing_else_and_ends_with_0(tmp_path, capsys, monkeypatch):
    path = ROOT / 'tools/analysis_tools/estimate_run.py'
    spec = importlib.util.spec_from_file_location('estimate_run', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.chdir(tmp_path)
    out = tmp_path / 'cost.md'
    options = [f'{key}={value}'.replace(' ', '') for key, value in SMALL.items()]
    arguments = [
        str(ROOT / 'configs/demo/shapes.py'),
        '--stage',
        'pseudo_labels',
        '--out',
        str(out),
    ]
    assert module.main([*arguments, '--gpus', '2', '--cfg-options', *options]) == 0
    assert '| pseudo_labels: test | 40 | 1 |' in out.read_text()
    assert 'hours, 2 GPUs' in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [out]
