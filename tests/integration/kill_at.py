# SPDX-License-Identifier: Apache-2.0
"""Strike a run at its k-th file operation, start it again, compare it with an undisturbed one.

Run as a program: it imports everything once and forks a child for every run, so that a death costs
a second. In the child, an audit hook hears of every file that is opened for writing, renamed or
removed and of every folder that is made or removed, before it happens (logs apart, which nothing
reads); ``open`` and ``os.fsync`` are wrapped as well. At the k-th of these operations below the
run's folder the child

- ``before``: kills itself with SIGKILL before it happens,
- ``torn``: kills itself when half of the file's bytes are written,
- ``full``: finds the disk full from there on: nothing is made, renamed or written any more.
"""

from __future__ import annotations

import argparse
import builtins
import contextlib
import errno
import gc
import hashlib
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from pathlib import Path

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
EVENTS = {'os.rename', 'os.remove', 'os.mkdir', 'os.rmdir', 'os.truncate'}
# what differs between any two runs: times, identities, logs
VARYING = {
    'record.json': ('seconds', 'finished', 'run_id', 'inputs', 'git', 'images_per_s',
                    'train_images_per_s'),
    'started.json': ('seconds', 'inputs'),
    'trained.json': ('train_images_per_s',),
}  # fmt: skip
UNEQUAL = ('pipeline.log', 'report.html', 'run.lock')
TIME = re.compile(r'20\d{6}_\d{6}')
_open, _fsync = builtins.open, os.fsync


def is_log(name: str) -> bool:
    """Whether a file is a log, which nothing reads: it lies under the time of the start."""
    return name.endswith('.log') or any(part[:2] == '20' for part in name.split('/'))


class Saboteur:
    """Counts the file operations below ``folder`` and strikes at the ``at``-th.

    Args:
        folder: Folder of the run.
        at: The operation, from 1; 0 strikes at none.
        how: ``before``, ``torn`` or ``full``.
        half: Bytes of the file after which ``torn`` and ``full`` strike.
    """

    def __init__(self, folder: Path, at: int, how: str, half: int):
        self.prefix = str(folder) + os.sep
        self.at, self.how, self.half = at, how, half
        self.seen: list[list] = []
        self.made: set[str] = set()
        self.quiet = self.full = False
        self.local = threading.local()  # a thread of TensorBoard's opens files too

    def install(self) -> None:
        """Begin to listen, for the rest of this process."""
        sys.addaudithook(self.hear)
        builtins.open = io.open = self.open
        os.fsync = self.fsync

    def inside(self, path) -> str | None:
        """Return ``path`` relative to the run's folder, None outside of it."""
        if isinstance(path, int):
            return None
        path = os.path.abspath(os.fsdecode(path))
        return path[len(self.prefix) :] if path.startswith(self.prefix) else None

    def hear(self, event: str, arguments: tuple) -> None:
        if self.quiet or not (event in EVENTS or event == 'open'):
            return
        name = self.inside(arguments[0])
        if name is None or (event == 'open' and not (arguments[2] or 0) & WRITES):
            return
        self.count(event, name)
        if self.full and event in ('os.mkdir', 'os.rename'):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(arguments[0]))

    def fsync(self, file) -> None:
        if threading.current_thread() is threading.main_thread():
            self.count('fsync', '')
        _fsync(file)

    def count(self, event: str, name: str) -> None:
        # logs are written by another thread, now or a moment later: they cannot be counted on
        # and of their folders, named after the second of the start, only the first of each kind
        kind = TIME.sub('', name)
        if is_log(name) and (event != 'os.mkdir' or kind in self.made):
            self.local.opened = 0
            return
        if event == 'os.mkdir':
            self.made.add(kind)
        self.seen.append([event, name, 0])
        if event == 'open':
            self.local.opened = len(self.seen)
        if len(self.seen) != self.at:
            return
        if self.how == 'before' or (self.how == 'torn' and event != 'open'):
            self.die()
        if self.how == 'full' and event != 'open':
            self.full = True

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def open(self, file, mode='r', *args, **kwargs):
        self.local.opened = None
        made = _open(file, mode, *args, **kwargs)
        # None if the file is read, or lies elsewhere
        number = self.local.opened
        return made if number is None or self.quiet else Watched(made, self, number)


class Watched:
    """A file whose bytes are counted, and which breaks where the saboteur wants it."""

    def __init__(self, file, saboteur: Saboteur, number: int):
        self.file, self.saboteur, self.number, self.written = file, saboteur, number, 0

    def write(self, data):
        boss = self.saboteur
        struck = self.number == boss.at and boss.how in ('torn', 'full')
        if boss.full or (struck and self.written + len(data) > boss.half):
            if not boss.full:
                self.file.write(data[: max(boss.half - self.written, 0)])
                self.file.flush()
            if boss.how == 'torn':
                boss.die()
            boss.full = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.written += len(data)
        if self.number:
            boss.seen[self.number - 1][2] = self.written
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def __iter__(self):
        return iter(self.file)


def fork(action, log: Path) -> int:
    """Run ``action`` in a child that prints to ``log``; return its exit code, minus a signal."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(target, 1)
            os.dup2(target, 2)
            code = action()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run(config: str, folder: Path, stage: str, at: int, how: str, half: int) -> int:
    """Run one stage in this process under a saboteur; leave what it heard beside the folder."""
    from wsss.engine.cli import train_main

    saboteur = Saboteur(folder, at, how, half)
    saboteur.install()
    try:
        return train_main([config, '--work-dir', str(folder), '--stage', stage])
    finally:
        saboteur.quiet = True
        (folder.parent / 'operations.json').write_text(json.dumps(saboteur.seen))


def state(folder: Path) -> dict[str, str]:
    """Return what must be equal: all files, less times and identities."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob('*')):
        parts = path.relative_to(folder).parts
        name = '/'.join(parts)
        # logs and copies of the config lie under the time of the start
        if path.is_dir() or name in UNEQUAL or any(part[:2] == '20' for part in parts):
            continue
        if name == 'summary.json':
            stages = json.loads(path.read_text())['stages']
            found[name] = repr({key: value['metrics'] for key, value in stages.items()})
        elif path.name in VARYING:
            content = json.loads(path.read_text())
            kept = {k: v for k, v in content.items() if k not in VARYING[path.name]}
            found[name] = json.dumps(kept, sort_keys=True)
        elif path.name == 'index.json':
            found[name] = path.read_text()
        elif path.suffix == '.pth':
            found[name] = tensors(path)
        else:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def tensors(path: Path) -> str:
    """Return a digest of what a file of weights holds."""
    import torch

    digest = hashlib.sha256()

    def add(value):
        if isinstance(value, torch.Tensor):
            digest.update(value.contiguous().numpy().tobytes())
        elif isinstance(value, dict):
            for key in value:
                digest.update(str(key).encode())
                add(value[key])
        elif isinstance(value, (list, tuple)):
            for item in value:
                add(item)
        else:
            digest.update(repr(value).encode())

    add(torch.load(path, weights_only=True))
    return digest.hexdigest()


class Experiment:
    """One stage, struck again and again, each time from the same beginning.

    Args:
        config: Config file.
        base: Folder of a run in which all stages before this one are finished.
        stage: The stage.
        work: Folder for the runs.
    """

    def __init__(self, config: str, base: Path, stage: str, work: Path):
        self.config, self.base, self.stage = config, base, stage
        self.folder, self.log = work / 'run', work / 'log.txt'
        self.begin()
        code = self.start()
        if code != 0:
            raise SystemExit(f'the undisturbed run ends with {code}: {self.tail()}')
        self.expected = state(self.folder)
        self.operations = json.loads((work / 'operations.json').read_text())

    def begin(self) -> None:
        """Put the folder of the run back to the state before the stage."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.base, self.folder)

    def start(self, at: int = 0, how: str = 'before') -> int:
        """Run the stage in a child and return its exit code."""
        half = self.operations[at - 1][2] // 2 if at else 0
        return fork(lambda: run(self.config, self.folder, self.stage, at, how, half), self.log)

    def tail(self) -> str:
        """Return the end of what the last run printed."""
        return self.log.read_text(errors='replace')[-1500:]

    def points(self, how: str, number: int) -> list[int]:
        """Return which operations to strike at: ``number`` of them evenly, 0 for all."""
        able = [
            i
            for i, (event, _, size) in enumerate(self.operations, 1)
            if how == 'before'
            or (event == 'open' and size > 1)
            or (how == 'full' and event in ('os.mkdir', 'os.rename'))
        ]
        if not number or number >= len(able):
            return able
        # the middles of equal parts
        return sorted({able[(2 * i + 1) * len(able) // (2 * number)] for i in range(number)})

    def strike(self, at: int, how: str) -> str | None:
        """Strike at one operation, start again, and return what is wrong then."""
        self.begin()
        code = self.start(at, how)
        if how == 'full':
            said = self.log.read_text(errors='replace')
            clear = 'cannot write' in said and 'Make room' in said
            if code != 1 or said.count('error: ') != 1 or 'Traceback' in said or not clear:
                return f'does not end with one clear error but with {code}: {said[-1500:]}'
        elif code != -signal.SIGKILL:
            return f'was not killed but ends with {code}: {self.tail()}'
        code = self.start()
        if code != 0:
            return f'the next start ends with {code}: {self.tail()}'
        found = state(self.folder)
        names = sorted({*self.expected, *found})
        wrong = [name for name in names if self.expected.get(name) != found.get(name)]
        return f'other than undisturbed: {wrong[:8]}' if wrong else None


def prepare(config: str, base: Path, stage: str, work: Path) -> None:
    """Import and warm up what a run needs, before the forks."""
    import mmengine.config.config as mmengine_config
    import torch

    from wsss.engine.cli import train_main

    torch.set_num_threads(1)
    # the nice layout of logged configs takes half of the time of so small a stage
    mmengine_config.FormatCode = lambda text, **kwargs: (text, True)
    shutil.copytree(base, work / 'warm')
    with _open(os.devnull, 'w') as nowhere, contextlib.redirect_stdout(nowhere):
        train_main([config, '--work-dir', str(work / 'warm'), '--stage', stage])
    gc.collect()
    gc.freeze()


def main() -> int:
    """Strike stages as planned; print one line per strike and one report per stage."""
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    parser.add_argument('bases', help='folder with before_<stage>, the runs to begin with')
    parser.add_argument('--stages', nargs='+')
    parser.add_argument('--plan', nargs='+', help='HOW=NUMBER of operations, 0 for all')
    args = parser.parse_args()
    for stage in args.stages:
        base = Path(args.bases) / f'before_{stage}'
        problems, struck = [], []
        with tempfile.TemporaryDirectory(prefix='kill-') as work:
            prepare(args.config, base, stage, Path(work))
            experiment = Experiment(args.config, base, stage, Path(work))
            for how, number in (plan.split('=') for plan in args.plan):
                for at in experiment.points(how, int(number)):
                    event, name, _ = experiment.operations[at - 1]
                    total = len(experiment.operations)
                    what = f'{stage}: {how}, operation {at} of {total} ({event} {name})'
                    problem = experiment.strike(at, how)
                    struck.append(what)
                    if problem:
                        problems.append(f'{what}: {problem}')
                    print(f'{what}: {problem or "as undisturbed"}', file=sys.stderr, flush=True)
        print('REPORT ' + json.dumps(dict(stage=stage, struck=struck, problems=problems)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
