# SPDX-License-Identifier: Apache-2.0
"""What the forms of SP-CAM differ in."""

from pathlib import Path

import pytest

from wsss.engine.cli import load_config

ROOT = Path(__file__).resolve().parents[2] / 'configs/sp_cam'
NAMED = {
    'pipeline', 'saliency_dir', 'superpixel_model.network.init_cfg',
    'classifier_recipe.optim_wrapper.optimizer', 'kernels.padding_mode',
    'kernels.last_activation', 'sp_classifier.optim_wrapper.paramwise_cfg',
    'pseudo_labels.test_cfg.threshold', 'data.train.held_out',
}  # fmt: skip
ALSO = {'coco': {'cams.model.fusion.flip', 'superpixel_maps.model.fusion.flip'}}


def flat(value, name=''):
    if isinstance(value, dict) and value:
        parts = [flat(part, f'{name}.{key}' if name else str(key)) for key, part in value.items()]
        return {key: part for found in parts for key, part in found.items()}
    return {name: value}


def differences(one, two):
    one, two = (flat(load_config(str(ROOT / name), None).to_dict()) for name in (one, two))
    return {key for key in {*one, *two} if one.get(key, '-') != two.get(key, '-')}


@pytest.mark.parametrize('data', ['voc', 'coco', 'pets'])
def test_the_faithful_form_differs_in_the_named_keys_only(data):
    found = differences(f'{data}.py', f'{data}_faithful.py')
    named = NAMED | ALSO.get(data, set())
    of = {key: [name for name in named if f'{key}.'.startswith(f'{name}.')] for key in found}
    assert all(of.values()), [key for key, names in of.items() if not names]
    assert {names[0] for names in of.values()} == named
    page = (ROOT / 'README.md').read_text()
    listed = page[page.index('differs from `voc.py` in these keys') :]
    assert all(f'`{name}`' in listed or f'`{name.split(".")[-1]}`' in listed for name in named)


@pytest.mark.parametrize('data', ['voc', 'coco', 'pets'])
def test_without_saliency_nothing_reads_any(data):
    for name in (f'{data}_no_saliency.py', f'{data}_no_saliency_light.py'):
        config = load_config(str(ROOT / name), None)
        used = {key: value for key, value in config.to_dict().items() if key in config.pipeline}
        assert 'aliency' not in str(used), name
        assert config.superpixel_model.attribute == 'lab' and config.kernels.groups == 1
