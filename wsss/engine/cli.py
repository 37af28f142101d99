# SPDX-License-Identifier: Apache-2.0
"""Command lines of ``tools/train.py`` and ``tools/test.py``."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mmengine import Config, DictAction
from mmengine.dist import get_rank, init_dist

from .. import compat
from ..errors import ConfigError, WSSSError

compat.prepare()


def common_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the flags that every tool has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='folder of the run (default: work_dirs/<config path>)')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
        help='override config values, e.g. data_root=DIR classifier.train_cfg.max_epochs=3',
    )  # fmt: skip
    parser.add_argument('--stage', help='only this stage')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    return parser


def load_config(path: str, overrides: dict | None) -> Config:
    """Read a config file and apply ``--cfg-options``; errors name the file or key."""
    from .config_check import check_overrides

    if not Path(path).is_file():
        raise ConfigError(f'config {path} does not exist.')
    try:
        config = Config.fromfile(path)
    except Exception as error:
        raise ConfigError(f'config {path} cannot be read: {error}') from error
    if overrides:
        if config.get('pipeline') is not None:
            check_overrides(config, overrides, list(config.pipeline))
        try:
            config.merge_from_dict(overrides)
        except Exception as error:
            raise ConfigError(f'--cfg-options {overrides}: {error}') from error
    return config


def default_work_dir(config: str) -> Path:
    """Return ``work_dirs/<path below configs/>``, or ``work_dirs/<file name>`` elsewhere."""
    parts = Path(config).resolve().with_suffix('').parts
    below = parts[len(parts) - parts[::-1].index('configs') :] if 'configs' in parts else parts[-1:]
    return Path('work_dirs', *below)


def start(args: argparse.Namespace, config: Config) -> None:
    """Prepare the process: rank, memory, loaders, process group."""
    from . import checkpoint, launch

    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    if config.get('keep_freed_memory', True):
        launch.keep_freed_memory()
    compat.import_quietly()
    checkpoint.register_loaders()
    launch.init_distributed(args.launcher)
    if args.launcher != 'none' and not launch.is_initialized():
        init_dist(args.launcher, **config.get('env_cfg', {}).get('dist_cfg', {}))


def show_progress(done: int, total: int) -> None:
    """Print how many images are done, on a terminal only."""
    if sys.stderr.isatty() and (done % 16 == 0 or done == total):
        end = '\n' if done == total else ''
        print(f'\r{done} of {total} images', end=end, file=sys.stderr, flush=True)


def guarded(main: Callable[[Sequence[str] | None], int]) -> Callable[..., int]:
    """Turn errors of ours into one line on stderr and exit code 1, without a traceback."""

    def wrapper(argv: Sequence[str] | None = None) -> int:
        try:
            return main(argv)
        except WSSSError as error:
            rank = f' (rank {get_rank()})' if get_rank() else ''
            print(f'error{rank}: {clean_message(error)}', file=sys.stderr, flush=True)
            return 1
        except Exception as error:
            if os.environ.get('WSSS_DEBUG'):
                raise
            print(
                f'error: unexpected {type(error).__name__}: {error}\n'
                'Set WSSS_DEBUG=1 to see the traceback; please report it.',
                file=sys.stderr,
                flush=True,
            )
            return 1
        except KeyboardInterrupt:
            print('interrupted; start again to continue', file=sys.stderr, flush=True)
            return 130

    return wrapper


def clean_message(error: BaseException) -> str:
    """Return an error's own words: PyTorch puts a worker's whole traceback into the message."""
    text = str(error)
    if 'in DataLoader worker process' not in text:
        return text
    stage = re.match(r'(stage \w+: )?', text).group()
    last = re.split(r'\n(?:[\w.]+\.)?\w*Error: ', text)[-1].strip()
    return f'{stage}{last}'


@guarded
def train_main(argv: Sequence[str] | None = None) -> int:
    """Run a config: all stages of its pipeline, or an ordinary Runner config."""
    parser = common_parser('Run a config: every stage of its pipeline, skipping what is done.')
    parser.add_argument('--from', dest='first', metavar='STAGE', help='from this stage on')
    parser.add_argument('--until', dest='last', metavar='STAGE', help='up to this stage')
    parser.add_argument(
        '--redo', nargs='+', action='extend', default=[], metavar='STAGE',
        help="make these stages again, and what depends on them; 'stale' means all stale ones",
    )  # fmt: skip
    parser.add_argument(
        '--reuse',
        nargs='+',
        action='extend',
        default=[],
        metavar='STAGE=DIR',
        help='take results from elsewhere',
    )
    parser.add_argument('--dry-run', action='store_true', help='check all, show what would run')
    parser.add_argument(
        '--resume', action='store_true',
        help='continue an interrupted run (a pipeline always does, a plain config only with this)',
    )  # fmt: skip
    args = parser.parse_args(argv)
    config = load_config(args.config, args.cfg_options)
    work_dir = Path(args.work_dir or config.get('work_dir') or default_work_dir(args.config))
    start(args, config)
    if config.get('pipeline') is None:
        return _train_plain(config, work_dir, args)
    from .pipeline import Pipeline
    from .selection import Selection

    reuse = dict(part.split('=', 1) for part in args.reuse if '=' in part)
    if len(reuse) != len(args.reuse):
        raise ConfigError(f'--reuse takes STAGE=DIR, got {" ".join(args.reuse)}')
    selection = Selection(args.stage, args.first, args.last, args.redo, reuse)
    pipeline = Pipeline(config.to_dict(), args.config, work_dir, selection, args.launcher)
    if args.dry_run:
        if get_rank() == 0:
            print(pipeline.dry_run())
        return 0
    pipeline.run()
    if get_rank() == 0:
        print(f'summary: {work_dir / "summary.json"}\nreport:  {work_dir / "report.html"}')
    return 0


@guarded
def test_main(argv: Sequence[str] | None = None) -> int:
    """Evaluate a stage of a config."""
    parser = common_parser('Evaluate a stage of a config, by default the last.')
    parser.add_argument('checkpoint', nargs='?', help='weights (default: those of the stage)')
    parser.add_argument(
        '--submission',
        metavar='DIR',
        help='pack the masks of the stage for the test server of PASCAL VOC',
    )
    parser.add_argument(
        '--competition', choices=['comp5', 'comp6'], default='comp6',
        help='of the submission: comp5 has seen data of VOC alone, comp6 other data too (default)',
    )  # fmt: skip
    args = parser.parse_args(argv)
    config = load_config(args.config, args.cfg_options)
    work_dir = Path(args.work_dir or config.get('work_dir') or default_work_dir(args.config))
    start(args, config)
    if config.get('pipeline') is None:
        if args.submission:
            raise ConfigError(f'{args.config} has no pipeline, --submission needs one.')
        return _test_plain(config, work_dir, args)
    from .pipeline import Pipeline
    from .submission import VOCSubmission

    submission = VOCSubmission(args.submission, args.competition) if args.submission else None
    pipeline = Pipeline(config.to_dict(), args.config, work_dir, launcher=args.launcher)
    metrics = pipeline.test(args.stage, args.checkpoint, submission)
    if get_rank() == 0:
        if submission is not None:
            print(f'submission: {submission.path} ({submission.count} masks)')
        for name, value in metrics.items():
            print(f'{name}: {value:.4f}' if isinstance(value, float) else f'{name}: {value}')
    return 0


def _plain_config(config: Config, work_dir: Path, args: argparse.Namespace) -> Config:
    if config.get('model') is None:
        raise ConfigError(
            f'{args.config} has neither pipeline nor model: it is no runnable config.'
        )
    config.work_dir = str(work_dir)
    config.launcher = args.launcher
    return config


def _train_plain(config: Config, work_dir: Path, args: argparse.Namespace) -> int:
    from mmengine.runner import Runner

    from .lock import RunLock

    config = _plain_config(config, work_dir, args)
    if args.dry_run:
        raise ConfigError(f'{args.config} has no pipeline, --dry-run has nothing to show.')
    if args.resume:
        from .checkpoint import find_last

        config.resume, last = True, find_last(work_dir)
        config.load_from = str(last) if last else None
    with RunLock(work_dir):
        Runner.from_cfg(config).train()
    return 0


def _test_plain(config: Config, work_dir: Path, args: argparse.Namespace) -> int:
    from mmengine.runner import Runner

    config = _plain_config(config, work_dir, args)
    config.load_from = args.checkpoint or config.get('load_from')
    Runner.from_cfg(config).test()
    return 0
