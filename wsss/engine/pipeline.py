# SPDX-License-Identifier: Apache-2.0
"""A pipeline: the stages of one config in order, each skipped, continued or run."""

from __future__ import annotations

import contextlib
import time
import traceback
from pathlib import Path
from typing import Any

from mmengine.dist import barrier, broadcast_object_list, get_world_size, is_main_process
from mmengine.logging import MMLogger, print_log

from ..errors import ConfigError, StageError, WSSSError, near_matches
from ..fileio import read_json, remove_parts, remove_trash, remove_tree, write_bytes, write_json
from ..visualization.report import write_report
from .annotation_sources import with_inherited_sources
from .config_check import check_keys
from .failures import quiet_threads, worded
from .fingerprint import changed_keys, digest, fingerprint
from .lock import RunLock
from .record import (
    INDEX,
    RECORD,
    STARTED,
    device_name,
    git_state,
    read_record,
    versions,
    write_summary,
)
from .references import References
from .runner import close_logger, forgive_files
from .selection import Selection
from .stage import WEIGHTS, Stage

# in a stage's folder, but not of its making
NOT_RESULTS = ('error.txt', 'test', 'test.json')


class Pipeline:
    """All stages of one config.

    Args:
        config: The config as plain dicts.
        name: Its name, for messages and records.
        work_dir: Folder of the run; each stage gets a folder in it.
        selection: Which stages to run.
        launcher: As in mmengine.

    Raises:
        ConfigError: For anything in the config that cannot work, before anything runs.
    """

    def __init__(
        self,
        config: dict,
        name: str,
        work_dir: str | Path,
        selection: Selection | None = None,
        launcher: str = 'none',
    ):
        self.config = config
        self.name = name
        self.work_dir = Path(work_dir)
        self.selection = selection or Selection()
        self.launcher = launcher
        self.stages = list(config['pipeline'])
        check_keys(config, self.stages, name)
        self.chosen = self.selection.choose(self.stages)
        for stage, folder in self.selection.reuse.items():
            if read_record(folder) is None and not (Path(folder) / WEIGHTS).is_file():
                raise ConfigError(
                    f'--reuse {stage}={folder}: there is neither {RECORD} nor {WEIGHTS} in it. '
                    'Give the folder of a finished stage.'
                )
        self.references = References(config, self.stages, self.folder)
        for stage in self.stages:
            self.stage(stage).check()

    def folder(self, stage: str) -> Path:
        """Return the folder of a stage: its own, or the one it is reused from."""
        return Path(self.selection.reuse.get(stage, self.work_dir / stage))

    def stage(self, name: str) -> Stage:
        """Return a stage with its references resolved."""
        return Stage(self.config, name, self.references, self.folder(name), self.launcher)

    def status(self, name: str, with_data: bool = True) -> tuple[str, list[str], dict]:
        """Say whether a stage is done, and why not.

        Returns:
            ``done``, ``stale``, ``started`` or ``new``; the reasons; the present fingerprint.
        """
        now = fingerprint(self.config, self.stages, name, with_data)
        if name in self.selection.reuse:
            return 'done', [f'reused from {self.folder(name)}'], now
        folder = self.folder(name)
        record = read_record(folder)
        found = record or read_record(folder, STARTED)
        if found is None:
            return 'new', ['no record'], now
        if with_data:
            lines = changed_keys(found['fingerprint'], now)
        else:
            lines = changed_keys({**found['fingerprint'], 'data': {}}, now)
        inputs = found.get('inputs', {})
        for stage in now['upstream']:
            if stage in inputs and inputs[stage] != self._run_id(stage):
                lines.append(f'stage {stage} was made again')
        if lines:
            return 'stale', lines, now
        if record is None:
            return 'started', ['was interrupted, will be continued'], now
        lost = self._lost(name)
        if lost:
            return 'started', [f'{lost} lost, will be made again'], now
        return 'done', [f'finished {record.get("finished", "")}'.strip()], now

    def _lost(self, name: str) -> str | None:
        """Say what is no longer there of a finished stage, as far as names and numbers tell."""
        folder, stage = self.folder(name), self.stage(name)
        if stage.trains and not (folder / WEIGHTS).is_file():
            return f'{WEIGHTS} is'
        if not (folder / INDEX).is_file():
            return None
        wanted = read_json(folder / INDEX, 'index').get('images', 0)
        for written in stage.written():
            there = sum(1 for _ in folder.glob(written.replace('{}', '*')))
            if there < wanted:
                return f'{wanted - there} of {wanted} files are'
        return None

    def _run_id(self, stage: str) -> str | None:
        record = read_record(self.folder(stage))
        return record.get('run_id') if record else None

    def dry_run(self) -> str:
        """Build every chosen stage without weights or data and return a table of what would run.

        Raises:
            ConfigError: If a component cannot be built.
        """
        rows = [('stage', 'state', 'why')]
        redone: set[str] = set()
        unchecked: dict[str, None] = {}
        for name in self.stages:
            try:
                state, reasons, now = self.status(name)
            except WSSSError as error:
                state, reasons, now = self.status(name, with_data=False)
                reasons = [*reasons, 'data not checked']
                unchecked[f'data not checked: {error}'] = None
            upstream = [stage for stage in now['upstream'] if stage in redone]
            if name not in self.chosen:
                state = f'not selected ({state})'
            elif self._is_redone(name, state, redone, now):
                redone.add(name)
                state, why = 'to redo', [f'{u} runs again' for u in upstream]
                reasons = why or ['--redo', *reasons]
            elif state != 'done':
                state = {'new': 'to run', 'started': 'to continue', 'stale': 'stale'}[state]
                redone.add(name)
                if upstream:
                    reasons = [*reasons, *(f'{u} runs first' for u in upstream)]
            elif upstream and name not in self.selection.reuse:
                redone.add(name)
                reasons = [*reasons, *(f'but {u}, which it reads from, is not' for u in upstream)]
            if name in self.chosen:
                self.stage(name).build_components()
            rows.append((name, state, '; '.join(reasons)))
        widths = [max(len(row[i]) for row in rows) for i in range(2)]
        lines = [f'{r[0]:<{widths[0]}}  {r[1]:<{widths[1]}}  {r[2]}' for r in rows]
        return '\n'.join([*unchecked, *lines])

    def _is_redone(self, name: str, state: str, redone: set[str], now: dict) -> bool:
        """Whether the user asked for this stage, or one that it reads from, to be made again."""
        redo = self.selection.redo
        if name in self.selection.reuse:
            return False
        asked = name in redo or (state == 'stale' and 'stale' in redo)
        return asked or (
            bool(redo) and state in ('done', 'stale') and any(u in redone for u in now['upstream'])
        )

    def run(self) -> dict[str, Any]:
        """Run the chosen stages and return the summary.

        Raises:
            StageError: If a stage is stale, lacks its inputs or fails; it names the stage. If
                another run has the work folder; it names that run.
            StorageError: If the disk is full; it names the file.
        """
        with RunLock(self.work_dir) as lock:
            try:
                logger = MMLogger.get_instance(
                    f'pipeline-{time.monotonic_ns()}', log_file=str(self.work_dir / 'pipeline.log')
                )
            except OSError as error:
                raise worded(error) or error from error
            forgive_files(logger)
            try:
                if lock.before:
                    print_log(f'going on where {lock.before} was killed', 'current')
                if is_main_process():
                    remove_trash(self.work_dir)
                    remove_parts(self.work_dir)
                with quiet_threads():
                    return self._run()
            finally:
                close_logger(logger)

    def _run(self) -> dict[str, Any]:
        redone: set[str] = set()
        for name in self.chosen:
            redo = self._prepare(name, redone)
            if redo is not None:
                if redo:
                    redone.add(name)
                self._run_stage(name)
            barrier()
        summary: dict[str, Any] = {}
        if is_main_process():
            folders = {name: self.folder(name) for name in self.stages}
            summary = write_summary(self.work_dir, self.name, folders)
            write_report(self.work_dir, summary, folders)
        return summary

    def _prepare(self, name: str, redone: set[str]) -> bool | None:
        """Decide on rank 0 what happens to a stage, and let all ranks know.

        Returns:
            None if it is done already, else whether its old results were thrown away.
        """
        decision: list[Any] = [None]
        if is_main_process():
            try:
                decision = [self._decide(name, redone)]
            except WSSSError as error:
                decision = [error]
        broadcast_object_list(decision)
        if isinstance(decision[0], Exception):
            raise decision[0]
        return decision[0]

    def _decide(self, name: str, redone: set[str]) -> bool | None:
        state, reasons, now = self.status(name)
        for upstream in now['upstream']:
            done = upstream in self.selection.reuse or read_record(self.folder(upstream))
            if not done:
                raise StageError(
                    f'stage {name} reads from {upstream}, which is not finished in '
                    f'{self.folder(upstream)}. Run it first (leave out --stage / --from), or give '
                    f'its results with --reuse {upstream}=DIR.'
                )
        redo = self._is_redone(name, state, redone, now)
        if state == 'done' and not redo:
            print_log(f'stage {name}: done, skipped ({reasons[0]})', 'current')
            return None
        if state == 'stale' and not redo:
            shown = '\n  '.join(reasons[:20])
            raise StageError(
                f'stage {name} in {self.folder(name)} was made with other settings:\n  {shown}\n'
                f'Choose: --redo {name} (make it again, and what depends on it), --redo stale (all '
                f'such stages), --reuse {name}={self.folder(name)} (use it as it is), or another '
                '--work-dir.'
            )
        if self.config.get('verify_files', True):
            self.stage(name).verify_files()
        folder = self.folder(name)
        if redo:
            remove_tree(folder)
        elif state == 'new':
            self._refuse_foreign(name)
        inputs = {stage: self._run_id(stage) for stage in now['upstream']}
        if not redo and state == 'started':
            old = read_record(folder, STARTED) or {}
            spent = float(old.get('seconds', 0.0))
        else:
            spent = 0.0
        write_json(folder / STARTED, dict(fingerprint=now, inputs=inputs, seconds=spent))
        return redo

    def _refuse_foreign(self, name: str) -> None:
        """Refuse to go on with files of which nothing says how they were made."""
        folder = self.folder(name)
        found = [
            path.name
            for path in (folder.iterdir() if folder.is_dir() else ())
            if path.name not in NOT_RESULTS and not path.name.startswith('20')
        ]
        if found:
            raise StageError(
                f'stage {name}: {folder} holds {", ".join(sorted(found)[:5])}, but neither '
                f'{RECORD} nor {STARTED}, so nothing says how they were made. Choose: --redo '
                f'{name} (throw them away), move them, or another --work-dir.'
            )

    def _run_stage(self, name: str) -> None:
        stage = self.stage(name)
        number = f'{self.stages.index(name) + 1}/{len(self.stages)}'
        print_log(f'stage {name} ({number}) -> {stage.folder}', 'current')
        begin = time.monotonic()
        metrics: dict[str, Any] = {}
        notes: dict[str, Any] = {}
        try:
            if stage.trains:
                notes.update(stage.train())
            if stage.tests:
                metrics, noted = stage.test()
                notes.update(noted)
        except WSSSError as error:
            raise type(error)(f'stage {name}: {error}') from error
        except (KeyboardInterrupt, SystemExit):
            raise
        except Exception as error:
            known = worded(error, stage.folder)
            if known is not None:
                raise type(known)(f'stage {name}: {known}') from error
            with contextlib.suppress(OSError):
                if is_main_process():
                    write_bytes(stage.folder / 'error.txt', traceback.format_exc().encode())
            raise StageError(
                f'stage {name} failed with {type(error).__name__}: {error} (the traceback is in '
                f'{stage.folder / "error.txt"})'
            ) from error
        if is_main_process():
            self._write_record(stage, metrics, notes, time.monotonic() - begin)

    def _write_record(self, stage: Stage, metrics: dict, notes: dict, seconds: float) -> None:
        started = read_record(stage.folder, STARTED) or {}
        now = dict(fingerprint=started['fingerprint'], inputs=started['inputs'])
        finished = time.strftime('%Y-%m-%d %H:%M:%S')
        run_id = digest([now, metrics, time.time_ns()])
        before = read_record(stage.folder)
        if before and all(before.get(k) == v for k, v in dict(now, metrics=metrics).items()):
            run_id = before['run_id']  # lost files were made again: for who reads them, the same
        record = dict(
            stage=stage.name,
            config=self.name,
            metrics=metrics,
            seconds=round(seconds, 2),
            **with_inherited_sources(notes, map(self.folder, now['inputs'])),
            seed=stage.config.get('randomness', {}).get('seed'),
            world_size=get_world_size(),
            device=device_name(),
            versions=versions(),
            git=git_state(),
            finished=finished,
            run_id=run_id,
            **now,
        )
        if stage.index:
            write_json(stage.folder / INDEX, {**stage.index, 'digest': digest(now)})
        (stage.folder / 'error.txt').unlink(missing_ok=True)  # of a start before
        write_json(stage.folder / RECORD, record)
        folders = {name: self.folder(name) for name in self.stages}
        write_summary(self.work_dir, self.name, folders)
        figures = {k: v for k, v in metrics.items() if '/' not in k}
        shown = ', '.join(
            f'{k} {v:.2f}' if isinstance(v, float) else f'{k} {v}' for k, v in figures.items()
        )
        print_log(
            f'stage {stage.name} finished in {seconds:.1f} s: {shown or "no figures"}', 'current'
        )

    def test(self, name: str | None = None, weights: str | None = None) -> dict[str, Any]:
        """Evaluate a stage again, by default the last, with its own or other weights.

        Nothing of what the stage has made changes: what this writes goes to the folder ``test`` in
        that of the stage, which is emptied before, and the figures to ``test.json`` beside it.
        """
        name = name or self.stages[-1]
        if name not in self.stages:
            raise ConfigError(
                f'--stage {name}: there is no such stage.{near_matches(name, self.stages)} '
                f'Stages: {", ".join(self.stages)}.'
            )
        stage = self.stage(name)
        if not stage.tests:
            raise ConfigError(f'stage {name} has no test_dataloader, there is nothing to evaluate.')
        if weights is None and stage.trains and not (stage.folder / WEIGHTS).is_file():
            raise StageError(
                f'stage {name} has no {WEIGHTS} in {stage.folder} yet. Train it first '
                '(tools/train.py), or give a CHECKPOINT.'
            )
        folder = stage.folder / 'test'
        if is_main_process():
            remove_tree(folder)
        barrier()
        metrics, notes = stage.test(weights, folder)
        if is_main_process():
            upstream = fingerprint(self.config, self.stages, name, with_data=False)['upstream']
            notes = with_inherited_sources(notes, map(self.folder, upstream))
            write_json(stage.folder / 'test.json', dict(weights=weights, metrics=metrics, **notes))
        return metrics
