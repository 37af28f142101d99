# SPDX-License-Identifier: Apache-2.0
"""What holds for every pseudo-labeler and every threshold source, those of tomorrow included."""

import inspect
import pkgutil

import pytest
import torch

import wsss.pseudo_labels.labelers as labelers
import wsss.pseudo_labels.thresholds as thresholds
from wsss.evaluation import ThresholdCurve
from wsss.fileio import write_json
from wsss.pseudo_labels.labelers import PseudoLabeler
from wsss.pseudo_labels.thresholds import Threshold, ThresholdChoice
from wsss.registry import PSEUDO_LABELERS, THRESHOLDS, build
from wsss.structures import ScoreMaps

LABELERS, SOURCES = sorted(PSEUDO_LABELERS.module_dict), sorted(THRESHOLDS.module_dict)
# arguments for components that cannot be made without
ARGUMENTS = {
    'DualThreshold': dict(margin_low=0.1, margin_high=0.1),
    'FixedThreshold': dict(value=0.3),
    'EarlierThreshold': dict(file='threshold.json'),
    'CleanRegions': dict(labeler=dict(type='GlobalThreshold'), min_area=0.02, fill_holes=True),
    'PerClassThresholds': dict(min_images=1),
}
CLASS_TO_LABEL = (1, 2, 2, 3)


def make(registry, name):
    component = build(registry, dict(type=name, **ARGUMENTS.get(name, {})), 'here')
    if isinstance(component, PseudoLabeler) and component.searchable:
        component = component.with_threshold(0.3)
    return component


def some_maps(keys=(0, 2, 3), size=(21, 17), seed=0):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(len(keys), 6, 5, generator=generator)
    background = torch.full((6, 5), 0.3)  # which some need and the others do not look at
    return ScoreMaps(torch.tensor(keys, dtype=torch.int16), scores, size, background)


@pytest.mark.parametrize(
    'package, registry', [(labelers, PSEUDO_LABELERS), (thresholds, THRESHOLDS)]
)
def test_every_module_of_the_folder_is_registered(package, registry):
    modules = {m.name for m in pkgutil.iter_modules(package.__path__)} - {'base'}
    registered = {cls.__module__.rsplit('.', 1)[1] for cls in registry.module_dict.values()}
    assert modules - {'confidence'} == registered  # the base of two of them


@pytest.mark.parametrize(
    'cls', [*PSEUDO_LABELERS.module_dict.values(), *THRESHOLDS.module_dict.values()]
)
def test_every_component_has_an_example(cls):
    assert 'Example' in inspect.getdoc(cls)


@pytest.mark.parametrize('name', LABELERS)
class TestLabeler:
    def test_result_is_a_uint8_map_of_the_size_of_the_image(self, name):
        label = make(PSEUDO_LABELERS, name)(some_maps(), CLASS_TO_LABEL)
        assert label.dtype == torch.uint8 and label.shape == (21, 17)

    def test_only_labels_of_present_classes_appear(self, name):
        label = make(PSEUDO_LABELERS, name)(some_maps(keys=(1, 3)), CLASS_TO_LABEL)
        assert set(label.unique().tolist()) <= {0, 2, 3, 255}

    def test_image_without_classes_is_background(self, name):
        label = make(PSEUDO_LABELERS, name)(some_maps(keys=()), CLASS_TO_LABEL)
        assert label.shape == (21, 17) and label.dtype == torch.uint8 and not label.any()

    def test_empty_maps_are_background(self, name):
        background = torch.full((4, 4), 0.3)
        maps = ScoreMaps(torch.tensor([0]), torch.zeros(1, 4, 4), (8, 8), background)
        assert not make(PSEUDO_LABELERS, name)(maps, CLASS_TO_LABEL).any()

    def test_input_is_not_changed(self, name):
        maps = some_maps(size=(6, 5))
        before = maps.scores.clone()
        make(PSEUDO_LABELERS, name)(maps, CLASS_TO_LABEL)
        assert torch.equal(maps.scores, before)

    def test_order_of_images_does_not_matter(self, name):
        labeler = make(PSEUDO_LABELERS, name)
        images = [some_maps(seed=seed) for seed in range(3)]
        forward = [labeler(maps, CLASS_TO_LABEL) for maps in images]
        backward = [labeler(maps, CLASS_TO_LABEL) for maps in reversed(images)]
        assert all(torch.equal(a, b) for a, b in zip(forward, reversed(backward)))

    def test_half_precision_maps_are_taken(self, name):
        maps = some_maps()
        half = ScoreMaps(maps.keys, maps.scores.half(), maps.size, maps.background)
        label = make(PSEUDO_LABELERS, name)(half, CLASS_TO_LABEL)
        assert label.dtype == torch.uint8

    def test_class_without_label_is_refused(self, name):
        with pytest.raises(ValueError, match='do not belong together'):
            make(PSEUDO_LABELERS, name)(some_maps(keys=(9,)), CLASS_TO_LABEL)

    def test_searched_threshold_gives_a_new_labeler(self, name):
        labeler = make(PSEUDO_LABELERS, name)
        if not labeler.searchable:
            pytest.skip(f'{name} has no threshold to search')
        other = labeler.with_threshold(0.6)
        assert type(other) is type(labeler)
        assert other.threshold == 0.6 and labeler.threshold == 0.3

    def test_higher_threshold_never_adds_foreground(self, name):
        labeler = make(PSEUDO_LABELERS, name)
        if not labeler.searchable:
            pytest.skip(f'{name} has no threshold to search')
        low, high = (labeler.with_threshold(t)(some_maps(), CLASS_TO_LABEL) for t in (0.3, 0.7))
        assert bool(((high == 0) | (low != 0)).all())

    def test_description_can_be_written(self, name, tmp_path):
        description = make(PSEUDO_LABELERS, name).describe()
        assert description['type'] == name
        write_json(tmp_path / 'labeler.json', description)

    @pytest.mark.gpu
    def test_result_on_the_accelerator_equals_that_on_the_processor(self, name):
        if not torch.cuda.is_available():
            pytest.skip('needs an accelerator')
        labeler, maps = make(PSEUDO_LABELERS, name), some_maps(size=(6, 5))
        label = labeler(maps.to('cuda'), CLASS_TO_LABEL)
        assert label.is_cuda and torch.equal(label.cpu(), labeler(maps, CLASS_TO_LABEL))


@pytest.mark.parametrize('name', SOURCES)
class TestThreshold:
    @pytest.fixture(autouse=True)
    def earlier_file(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        content = dict(value=0.4, protocol='oracle', chosen_on='all', num_images=3, split='train')
        write_json('threshold.json', content)

    def curve(self, source):
        curve = ThresholdCurve(source.grid(), 3)
        generator = torch.Generator().manual_seed(0)
        for held_out in (True, False, False):
            truth = torch.randint(0, 3, (9, 9), generator=generator).to(torch.uint8)
            label = torch.randint(1, 3, (9, 9), generator=generator).to(torch.uint8)
            curve.update(truth, label, torch.rand(9, 9, generator=generator), held_out)
        curve.reduce()
        return curve

    def test_choice_lies_on_the_grid_and_names_its_protocol(self, name):
        source = make(THRESHOLDS, name)
        assert isinstance(source, Threshold)
        choice = source.choose(self.curve(source))
        assert isinstance(choice, ThresholdChoice)
        assert set(choice.values or [choice.value]) <= set(source.grid())
        assert choice.protocol.startswith(source.protocol)
        assert choice.chosen_on

    def test_same_curve_gives_the_same_choice(self, name):
        source = make(THRESHOLDS, name)
        assert source.choose(self.curve(source)) == source.choose(self.curve(source))

    def test_grid_is_sorted(self, name):
        grid = list(make(THRESHOLDS, name).grid())
        assert grid == sorted(set(grid))

    def test_thresholds_can_be_given(self, name):
        config = dict(type=name, thresholds=[0.25, 0.5], **ARGUMENTS.get(name, {}))
        assert {0.25, 0.5} <= set(build(THRESHOLDS, config, 'here').grid())
