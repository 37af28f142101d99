# SPDX-License-Identifier: Apache-2.0
"""Dense CRF: energies, the four engines against each other, the refiner's choices."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from wsss.errors import ConfigError
from wsss.refiners import DenseCRF
from wsss.refiners.crf import (
    ENGINES,
    PRESETS,
    compiled,
    crf_params,
    engines,
    make_crf,
    unary_from_labels,
    unary_from_scores,
)
from wsss.structures import ScoreMaps

needs_pydensecrf = pytest.mark.skipif(
    not compiled.is_installed(), reason="pydensecrf is not installed (pip install 'wsss[crf]')"
)


@pytest.fixture(params=[pytest.param(n, marks=needs_pydensecrf if n == 'pydensecrf' else ())
                        for n in ENGINES])  # fmt: skip
def engine(request):
    return ENGINES[request.param]


@pytest.fixture
def unary(maps):
    scores = maps.resized().scores.numpy()
    background = (1 - scores.max(axis=0)) ** 4
    return unary_from_scores(np.concatenate([background[None], scores]))


def softmax(logits):
    e = np.exp(logits.astype(np.float64) - logits.max(axis=0))
    return e / e.sum(axis=0)


def by_hand(image, unary, params):
    """Krähenbühl and Koltun, algorithm 1, with every pair of pixels by itself."""
    height, width = image.shape[:2]
    places = [(y, x) for y in range(height) for x in range(width)]

    def kernels(a, b):
        (y, x), (v, u) = a, b
        near = (y - v) ** 2 + (x - u) ** 2
        colour = sum((float(image[a][c]) - float(image[b][c])) ** 2 for c in range(3))
        yield params.gaussian_weight, math.exp(-near / (2 * params.gaussian_sxy**2))
        yield (
            params.bilateral_weight,
            math.exp(
                -near / (2 * params.bilateral_sxy**2) - colour / (2 * params.bilateral_srgb**2)
            ),
        )

    table = [[list(kernels(a, b)) for b in places] for a in places]
    totals = [[sum(table[i][j][m][1] for j in range(len(places))) for i in range(len(places))]
              for m in range(2)]  # fmt: skip
    flat = unary.reshape(len(unary), -1).astype(np.float64)
    q = softmax(-flat)
    for _ in range(params.iterations):
        logits = -flat
        for i in range(len(places)):
            for j in range(len(places)):
                for m, (weight, value) in enumerate(table[i][j]):
                    logits[:, i] += (
                        weight * value / math.sqrt(totals[m][i] * totals[m][j]) * q[:, j]
                    )
        q = softmax(logits)
    return q.reshape(unary.shape)


def test_the_exact_engine_equals_the_formula_written_out():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    unary = rng.random((3, 4, 5)).astype(np.float32) * 3
    params = crf_params('psa', bilateral_srgb=90, iterations=3)
    found = ENGINES['exact'](image).infer(unary, params)
    np.testing.assert_allclose(found, by_hand(image, unary, params), atol=1e-6)


@pytest.mark.parametrize('preset', sorted(PRESETS))
def test_the_lattice_agrees_with_the_exact_engine(image, unary, preset):
    params = crf_params(preset).scaled(0.3)
    exact = ENGINES['exact'](image).infer(unary, params)
    found = ENGINES['lattice'](image).infer(unary, params)
    assert (found.argmax(axis=0) == exact.argmax(axis=0)).mean() > 0.98
    assert np.abs(found - exact).mean() < 0.02


def same_as_the_lattice(image, unary, preset, device):
    params = PRESETS[preset]
    expected = ENGINES['lattice'](image).infer(unary, params)
    found = ENGINES['torch'](image, device).infer(unary, params)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize('preset', sorted(PRESETS))
def test_torch_is_the_lattice(image, unary, preset):
    same_as_the_lattice(image, unary, preset, 'cpu')
    same_as_the_lattice(image, unary[:2], preset, 'cpu')
    same_as_the_lattice(image[:1], unary[:, :1], preset, 'cpu')


@pytest.mark.gpu
@pytest.mark.parametrize('preset', sorted(PRESETS))
def test_torch_is_the_lattice_on_the_accelerator(image, unary, preset):
    if not torch.cuda.is_available():
        pytest.skip('needs an accelerator')
    same_as_the_lattice(image, unary, preset, 'cuda')


@needs_pydensecrf
@pytest.mark.parametrize('preset', sorted(PRESETS))
def test_the_lattice_agrees_with_pydensecrf(image, unary, preset):
    found, usual = (
        ENGINES[name](image).infer(unary, PRESETS[preset]) for name in ('lattice', 'pydensecrf')
    )
    assert (found.argmax(axis=0) == usual.argmax(axis=0)).mean() > 0.998


@needs_pydensecrf
def test_the_bilateral_kernel_is_that_of_pydensecrf(image, unary):
    params = crf_params('psa', gaussian_weight=0, iterations=2)
    found, usual = (ENGINES[name](image).infer(unary, params) for name in ('lattice', 'pydensecrf'))
    np.testing.assert_allclose(found, usual, atol=1e-4)


def test_probabilities_sum_to_one_and_a_constant_of_a_pixel_changes_nothing(engine, image, unary):
    params = PRESETS['psa']
    q = engine(image).infer(unary, params)
    assert q.shape == unary.shape and q.dtype == np.float32
    np.testing.assert_allclose(q.sum(axis=0), 1, atol=1e-5)
    shift = np.random.default_rng(1).normal(0, 2, unary.shape[1:]).astype(np.float32)
    np.testing.assert_allclose(engine(image).infer(unary + shift, params), q, atol=2e-3)


def test_labels_can_be_in_any_order(engine, image, unary):
    q = engine(image).infer(unary, PRESETS['irn'])
    turned = engine(image).infer(np.ascontiguousarray(unary[::-1]), PRESETS['irn'])
    np.testing.assert_allclose(turned[::-1], q, atol=2e-3)


def test_no_iterations_and_no_kernels_leave_the_unary(engine, image, unary):
    expected = softmax(-unary)
    none = crf_params('psa', iterations=0)
    np.testing.assert_allclose(engine(image).infer(unary, none), expected, atol=1e-5)
    unpaired = crf_params('psa', gaussian_weight=0, bilateral_weight=0)
    np.testing.assert_allclose(engine(image).infer(unary, unpaired), expected, atol=1e-5)


def test_a_second_setting_of_one_image_is_as_if_it_were_the_first(engine, image, unary):
    crf = engine(image)
    crf.infer(unary, PRESETS['irn'])
    again = crf.infer(unary / 2, PRESETS['psa'])
    np.testing.assert_array_equal(again, engine(image).infer(unary / 2, PRESETS['psa']))


def test_huge_energies_do_not_overflow(engine, image, unary):
    q = engine(image).infer(unary * 100, crf_params('psa', iterations=1))
    assert np.isfinite(q).all()
    np.testing.assert_allclose(q.sum(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize('name', ['lattice', 'exact', 'torch'])
def test_one_label_is_certain(name, image):
    q = ENGINES[name](image).infer(np.ones((1, 48, 64), np.float32), PRESETS['psa'])
    assert (q == 1).all()


def test_energies():
    labels = unary_from_labels(np.array([[0, 2]]), 3, 0.7)
    expected = [[0.3567, 1.8971], [1.8971, 1.8971], [1.8971, 0.3567]]
    np.testing.assert_allclose(labels[:, 0], expected, atol=1e-4)
    scores = unary_from_scores(np.array([[[0.5]], [[0.0]], [[2.0]]]))
    np.testing.assert_allclose(scores[:, 0, 0], [math.log(2), -math.log(1e-5), 0], rtol=1e-6)
    with pytest.raises(ValueError, match='at least 2'):
        unary_from_labels(np.zeros((1, 1), int), 1, 0.7)


def test_presets_are_the_published_ones():
    assert PRESETS['irn'].bilateral_sxy == 50 and PRESETS['irn'].bilateral_srgb == 5
    assert PRESETS['psa'].bilateral_sxy == 80 and PRESETS['psa'].bilateral_srgb == 13
    assert PRESETS['deeplab'] == replace(
        PRESETS['psa'], gaussian_sxy=1, bilateral_sxy=67, bilateral_srgb=3, bilateral_weight=4
    )
    half = PRESETS['psa'].scaled(0.5)
    assert (half.gaussian_sxy, half.bilateral_sxy, half.bilateral_srgb) == (1.5, 40, 13)


def test_refined_labels_follow_the_discs(image, maps):
    truth = np.zeros((48, 64), int)
    y, x = np.mgrid[:48, :64]
    truth[(x - 18) ** 2 + (y - 20) ** 2 <= 121] = 1
    truth[(x - 46) ** 2 + (y - 28) ** 2 <= 144] = 2

    def accuracy(maps):
        full = maps.resized()
        background = torch.full((48, 64), 0.5) if full.background is None else full.background
        found = torch.cat([background[None], full.scores]).argmax(dim=0).numpy()
        return (found == truth).mean()

    raw, refined = (
        accuracy(maps),
        accuracy(DenseCRF('psa', bg_power=1, engine='lattice')(image, maps)),
    )
    assert refined > 0.98 > raw


def test_the_background_of_maps_is_used_where_they_have_one(image, maps):
    nothing = torch.zeros(maps.scores.shape[1:])
    covered = ScoreMaps(maps.keys, maps.scores, maps.size, nothing)
    refined = DenseCRF(engine='lattice')(image, covered)
    assert float(refined.background.max()) < 0.1
    total = refined.scores.sum(dim=0) + refined.background
    torch.testing.assert_close(total, torch.ones_like(total), atol=1e-5, rtol=0)


def test_irn_starts_from_labels(image, maps):
    sharp = ScoreMaps(maps.keys, (maps.scores > 0.15).float() * maps.scores, maps.size)
    scaled = ScoreMaps(maps.keys, maps.resized().scores.clamp(max=0.9), maps.size)
    # another height of the same best labels changes nothing
    full = ScoreMaps(maps.keys, maps.resized().scores, maps.size)
    crf = DenseCRF('irn', engine='lattice')
    torch.testing.assert_close(crf(image, full).scores, crf(image, scaled).scores)
    assert crf(image, sharp).scores.shape == (2, 48, 64)


@pytest.mark.parametrize('unary', ['labels', 'scores'])
def test_pixels_of_which_nothing_is_known_belong_to_all_alike(unary):
    seeds = ScoreMaps(
        torch.tensor([4]), torch.tensor([[[1.0, 0.0, 0.0]]]), (1, 3), torch.tensor([[0.0, 1.0, 0]])
    )
    crf = DenseCRF('irn', unary=unary, engine='exact', iterations=0)
    planes = crf(np.zeros((1, 3, 3), np.uint8), seeds).planes()
    sure = 0.7 if unary == 'labels' else 1
    expected = torch.tensor([[[1 - sure, sure, 0.5]], [[sure, 1 - sure, 0.5]]])
    torch.testing.assert_close(planes, expected, atol=1e-4, rtol=0)


def test_a_smaller_image_gives_smaller_maps_of_nearly_the_same_labels(image, maps):
    full = DenseCRF(engine='lattice')(image, maps)
    half = DenseCRF(engine='lattice', scale_factor=0.5)(image, maps)
    assert half.scores.shape == (2, 24, 32) and half.size == (48, 64)
    same = full.scores.argmax(dim=0) == half.resized().scores.argmax(dim=0)
    assert float(same.float().mean()) > 0.95


def test_without_pydensecrf_its_engine_is_refused_with_the_way_on(monkeypatch, image):
    monkeypatch.setattr(engines, 'is_installed', lambda: False)
    with pytest.raises(ConfigError, match=r"pip install 'wsss\[crf\]'.*engine='lattice'"):
        DenseCRF(engine='pydensecrf')
    assert type(make_crf('auto', image, 21)) is ENGINES['lattice']


def test_auto_takes_the_compiled_library_for_many_labels(monkeypatch, image):
    class Compiled:
        def __init__(self, image):
            pass

    monkeypatch.setattr(engines, 'is_installed', lambda: True)
    monkeypatch.setitem(ENGINES, 'pydensecrf', Compiled)
    assert type(make_crf('auto', image, 4)) is ENGINES['lattice']
    assert type(make_crf('auto', image, 5)) is Compiled


def test_auto_takes_torch_on_a_cuda_device_alone(image):
    for labels in (2, 21):
        crf = make_crf('auto', image, labels, 'cuda:1')
        assert type(crf) is ENGINES['torch'] and crf.device == torch.device('cuda:1')
    assert type(make_crf('auto', image, 2, 'mps')) is ENGINES['lattice']
    assert type(make_crf('lattice', image, 2, 'cuda')) is ENGINES['lattice']


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (dict(preset='isn'), "Did you mean 'irn'"),
        (dict(engine='latice'), "Did you mean 'lattice'"),
        (dict(iteration=3), "Did you mean 'iterations'"),
        (dict(iterations=-1), 'crf.iterations'),
        (dict(bilateral_sxy=0), 'crf.bilateral_sxy must be a number above 0'),
        (dict(bilateral_weight=-1), 'crf.bilateral_weight must be a number of at least 0'),
        (dict(unary='label'), 'DenseCRF.unary'),
        (dict(bg_power=4, bg_threshold=0.3), 'not both'),
        (dict(bg_power=0), 'bg_power'),
        (dict(bg_threshold=1.5), 'bg_threshold'),
        (dict(gt_prob=1), 'gt_prob'),
        (dict(scale_factor=0), 'scale_factor'),
        (dict(scale_factor=2), 'scale_factor'),
    ],
)
def test_unusable_values_are_refused(arguments, said):
    with pytest.raises(ConfigError, match=said.replace('[', r'\[')):
        DenseCRF(**arguments)


def test_the_exact_engine_refuses_large_images():
    with pytest.raises(ConfigError, match="engine='lattice'"):
        ENGINES['exact'](np.zeros((100, 100, 3), np.uint8))
