# SPDX-License-Identifier: Apache-2.0
"""A pipeline small enough to run in seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]

TINY = """
_base_ = '{root}/configs/demo/shapes.py'
data_root = '{data}'
_small = dict(num_images=24, image_size=(48, 48))
data = dict(
    train=dict(held_out=0.25, **_small),
    val=dict(num_images=8, image_size=(48, 48)),
    test=dict(num_images=9, image_size=(48, 48)),
)
_channels = (8, 8, 16, 16)
classifier_model = dict(backbone=dict(channels=_channels), head=dict(in_channels=16))
classifier = dict(train_dataloader=dict(batch_size=6), train_cfg=dict(max_epochs=3))
cams = dict(
    model=dict(cam=dict(type='wsss.GradCAMPlusPlus')), test_dataloader=dict(batch_size=6)
)
pseudo_labels = dict(test_dataloader=dict(batch_size=6))
segmentor_model = dict(
    decode_head=dict(in_channels=16, channels=8, c1_in_channels=8, c1_channels=4)
)
segmentor = dict(train_dataloader=dict(batch_size=6), train_cfg=dict(max_epochs=2))
"""
TINY_CCAM = """ccam_model = dict(
    type='wsss.CCAM',
    data_preprocessor=dict(mean=[127.5] * 3, std=[60.0] * 3, to_rgb=False),
    backbone=dict(type='wsss.PlainConvNet', channels=(8, 8, 16, 16), out_indices=(2, 3)),
    in_channels=(16, 16),
)
"""


class Tiny:
    """A config file in a temporary folder, and ways to run it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.config = folder / 'tiny.py'
        self.config.write_text(TINY.format(root=ROOT, data=folder / 'data'))
        (folder / 'tiny_ccam.py').write_text(TINY_CCAM)

    def child(self, text: str, name: str = 'child.py') -> Path:
        """Write a config that inherits the tiny one."""
        path = self.folder / name
        path.write_text(f"_base_ = './tiny.py'\n{text}\n")
        return path

    def train(self, *arguments, config: Path | None = None, work_dir: str = 'run') -> int:
        """Run ``tools/train.py`` in this process."""
        from wsss.engine.cli import train_main

        torch.set_num_threads(1)
        target = ['--work-dir', str(self.folder / work_dir)]
        return train_main([str(config or self.config), *target, *map(str, arguments)])

    def launch(self, processes: int, *arguments, work_dir: str = 'run', script: str = 'train'):
        """Run a tool in so many processes; 1 without a launcher."""
        tool = [str(ROOT / f'tools/{script}.py'), str(self.config)]
        target = ['--work-dir', str(self.folder / work_dir), *map(str, arguments)]
        command = [sys.executable, *tool, *target]
        if processes > 1:
            command = [
                str(ROOT / f'tools/dist_{script}.sh'), str(self.config), str(processes), *target,
            ]  # fmt: skip
        environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHON': sys.executable}
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=1800, check=False
        )

    def strike(self, stages: list[str], plan: list[str]) -> tuple[list[dict], str]:
        """Strike stages as planned, see kill_at.py; ``before_<stage>`` is what each begins with.

        Returns:
            A report of each stage, and the end of what was printed.
        """
        program = Path(__file__).with_name('kill_at.py')
        arguments = [self.config, self.folder, '--stages', *stages, '--plan', *plan]
        done = subprocess.run(
            [sys.executable, str(program), *map(str, arguments)],
            env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        marked = [line for line in done.stdout.splitlines() if line.startswith('REPORT ')]
        return [json.loads(line.removeprefix('REPORT ')) for line in marked], done.stderr[-3000:]

    def summary(self, work_dir: str = 'run') -> dict:
        """Return the stages of ``summary.json``."""
        return json.loads((self.folder / work_dir / 'summary.json').read_text())['stages']

    def files(self, pattern: str, work_dir: str = 'run') -> dict[str, bytes]:
        """Return the files below a run by relative name."""
        base = self.folder / work_dir
        return {str(p.relative_to(base)): p.read_bytes() for p in sorted(base.glob(pattern))}


@pytest.fixture
def tiny(tmp_path) -> Tiny:
    return Tiny(tmp_path)


@pytest.fixture(scope='module')
def finished(tmp_path_factory) -> Tiny:
    """A tiny pipeline that has run to its end; tests must not change it."""
    made = Tiny(tmp_path_factory.mktemp('finished'))
    assert made.train() == 0
    return made


@pytest.fixture(scope='module')
def mapped(tmp_path_factory):
    """A run that has come to its maps; tests work on copies."""
    made = Tiny(tmp_path_factory.mktemp('mapped'))
    assert made.train('--until', 'cams') == 0
    return made


@pytest.fixture(scope='session')
def tiny_class() -> type[Tiny]:
    """The class itself, for fixtures that live longer than a test."""
    return Tiny
