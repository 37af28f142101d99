# SPDX-License-Identifier: Apache-2.0
"""Several processes give what one gives."""

import pytest

PER_IMAGE = ['cams', 'pseudo_labels', 'cams_test', 'pseudo_labels_test']


@pytest.mark.slow
@pytest.mark.parametrize('processes', [1, 2, 3])
def test_per_image_stages_give_the_same_files_on_any_number_of_ranks(tiny, finished, processes):
    tiny.config.write_text(finished.config.read_text())
    run = finished.folder / 'run'
    reuse = [f'{stage}={run / stage}' for stage in ('classifier',)]
    done = tiny.launch(processes, '--until', 'pseudo_labels_test', '--reuse', *reuse)
    assert done.returncode == 0, done.stderr[-3000:]
    for pattern in ('cams*/scores/*', 'pseudo_labels*/masks/*'):
        assert tiny.files(pattern) == finished.files(pattern)
    ours, theirs = tiny.summary(), finished.summary()
    for stage in PER_IMAGE:
        assert ours[stage]['metrics'] == pytest.approx(theirs[stage]['metrics'], abs=1e-6), stage
    tested = tiny.launch(processes, '--stage', 'pseudo_labels', script='test')
    assert tested.returncode == 0, tested.stderr[-3000:]
    assert f'{ours["pseudo_labels"]["metrics"]["mIoU"]:.4f}' in tested.stdout


@pytest.mark.slow
def test_the_whole_pipeline_runs_on_two_ranks(tiny):
    done = tiny.launch(2)
    assert done.returncode == 0, done.stderr[-3000:]
    stages = tiny.summary()
    assert list(stages)[-1] == 'segmentor' and stages['segmentor']['images'] == 9
    tested = tiny.launch(2, script='test')
    assert tested.returncode == 0, tested.stderr[-3000:]
    assert f'{stages["segmentor"]["metrics"]["mIoU"]:.4f}' in tested.stdout


def test_a_batch_that_ranks_cannot_share_is_refused(tiny):
    done = tiny.launch(2, '--cfg-options', 'classifier.train_dataloader.batch_size=5')
    assert done.returncode != 0
    assert 'classifier.train_dataloader.batch_size: 5 images' in done.stderr
