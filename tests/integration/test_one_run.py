# SPDX-License-Identifier: Apache-2.0
"""Two starts of one work folder, and files that nobody vouches for."""

import multiprocessing
import os
import shutil

import pytest

from wsss.engine.lock import RunLock

FORK = multiprocessing.get_context('fork')


def hold(folder, pipe):
    with RunLock(folder):
        pipe.send('ready')
        pipe.recv()


def test_the_second_start_stops_and_names_the_first(finished, capsys):
    before = finished.files('*/*.*')
    end, pipe = FORK.Pipe()
    process = FORK.Process(target=hold, args=(finished.folder / 'run', pipe), daemon=True)
    process.start()
    try:
        assert end.poll(20)
        assert finished.train() == 1
        message = capsys.readouterr().err
        assert 'is in use by process' in message and str(process.pid) in message
        assert finished.train('--dry-run') == 0
    finally:
        process.kill()
        process.join(20)
    assert finished.train() == 0  # the lock went with its process
    assert not (finished.folder / 'run/run.lock').exists()
    assert finished.files('*/*.*') == before


@pytest.fixture
def half(tiny, mapped):
    """A run that has come to its maps, to be changed."""
    for part in ('run', 'data'):
        shutil.copytree(mapped.folder / part, tiny.folder / part)
    return tiny


def test_results_without_a_record_are_not_taken_for_ours(half, capsys):
    folder = half.folder / 'run/cams'
    for name in ('record.json', 'started.json'):
        os.remove(folder / name)
    assert half.train('--stage', 'cams') == 1
    message = capsys.readouterr().err
    assert 'scores' in message and 'neither record.json nor started.json' in message
    assert half.train('--stage', 'cams', '--redo', 'cams') == 0
    assert len(half.files('cams/scores/*.npz')) == 24


def test_rests_of_killed_runs_are_cleaned_at_the_next_start(half):
    run = half.folder / 'run'
    for name in ('.summary.json.17.part', 'cams/scores/.a.npz.17.part'):
        (run / name).write_bytes(b'half')
    shutil.copytree(run / 'cams', run / '.segmentor.17.trash')
    assert half.train('--stage', 'cams') == 0
    assert not half.files('**/.*')


def test_a_moved_run_goes_on_in_its_new_place(half):
    (half.folder / 'run').rename(half.folder / 'moved')
    assert half.train('--until', 'cams', work_dir='moved') == 0
    assert not (half.folder / 'run').exists()


def test_an_evaluation_does_not_touch_what_the_stage_has_made(half, capsys):
    from wsss.engine.cli import test_main

    before = half.files('cams/**/*.npz')
    target = ['--work-dir', str(half.folder / 'run')]
    options = ['--cfg-options', 'cams.model.cam.variant=official']
    assert test_main([str(half.config), *target, '--stage', 'cams', *options]) == 0
    after = half.files('cams/**/*.npz')
    assert {name: after[name] for name in before} == before
    assert len(half.files('cams/test/scores/*.npz')) == 24


def test_lost_files_of_a_finished_stage_are_made_again(half, capsys):
    before = {**half.files('cams/scores/*.npz'), **half.files('classifier/weights.pth')}
    os.remove(half.folder / 'run' / next(iter(before)))
    os.remove(half.folder / 'run/classifier/weights.pth')
    assert half.train('--dry-run') == 0
    table = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert 'weights.pth is lost' in table['classifier']
    assert '1 of 24 files are lost' in table['cams']
    assert half.train('--stage', 'cams') == 1  # its input is to be made first
    assert half.train('--until', 'classifier') == 0
    # it came out the same, so that what reads from it is not stale
    assert half.train('--stage', 'cams') == 0
    after = {**half.files('cams/scores/*.npz'), **half.files('classifier/weights.pth')}
    assert after == before


FULL = """
import os
from wsss import fileio

if os.environ.get('RANK') == '1' and os.environ.get('FULL'):
    def replace(source, target):
        raise OSError(28, os.strerror(28), str(target))
    fileio.os.replace = replace
"""


@pytest.mark.slow
def test_a_disk_that_is_full_for_one_rank_ends_all_with_its_error(half, monkeypatch):
    (half.folder / 'full_disk.py').write_text(FULL)
    monkeypatch.setenv('PYTHONPATH', f'{half.folder}{os.pathsep}{os.environ.get("PYTHONPATH", "")}')
    monkeypatch.setenv('FULL', '1')
    expected = half.files('cams/scores/*.npz')
    shutil.rmtree(half.folder / 'run/cams')
    half.config = half.child("custom_imports = dict(imports=['full_disk'])")
    failed = half.launch(2, '--stage', 'cams')
    assert failed.returncode != 0
    assert 'error (rank 1): stage cams: cannot write' in failed.stderr, failed.stderr[-3000:]
    monkeypatch.delenv('FULL')
    done = half.launch(2, '--stage', 'cams')
    assert done.returncode == 0, done.stderr[-3000:]
    assert half.files('cams/scores/*.npz') == expected


@pytest.mark.slow
def test_lost_masks_are_made_again_before_anyone_reads_them(tiny, finished, capsys):
    for part in ('run', 'data'):
        shutil.copytree(finished.folder / part, tiny.folder / part)
    masks = {**tiny.files('pseudo_labels/masks/*'), **tiny.files('segmentor/masks/*')}
    for stage in ('pseudo_labels', 'segmentor'):
        os.remove(tiny.folder / 'run' / next(name for name in masks if name.startswith(stage)))
    assert tiny.train('--dry-run') == 0
    table = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    for stage in ('pseudo_labels', 'segmentor'):
        assert 'files are lost, will be made again' in table[stage], table[stage]
    weights = tiny.files('segmentor/weights.pth')
    assert tiny.train() == 0
    assert {**tiny.files('pseudo_labels/masks/*'), **tiny.files('segmentor/masks/*')} == masks
    assert tiny.files('segmentor/weights.pth') == weights
