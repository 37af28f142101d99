# SPDX-License-Identifier: Apache-2.0
"""A pipeline: the stages of one config in order, each skipped, continued or run."""

from __future__ import annotations

import contextlib
import time
import traceback
from typing import Any

from mmengine.dist import barrier, broadcast_object_list, get_world_size, is_main_process
from mmengine.logging import MMLogger, print_log

from ..errors import ConfigError, StageError, WSSSError, near_matches
from ..fileio import remove_parts, remove_trash, remove_tree, write_bytes, write_json
from ..visualization.report import write_report
from .annotation_sources import with_inherited_sources
from .failures import quiet_threads, worded
from .fingerprint import digest, fingerprint
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
from .run_state import RunState
from .runner import close_logger, forgive_files
from .stage import WEIGHTS, Stage
from .submission import VOCSubmission


class Pipeline(RunState):
    """All stages of one config, run in order; see :class:`RunState` for the arguments."""

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
        redo = self.is_redone(name, state, redone, now)
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
            self.refuse_foreign(name)
        inputs = {stage: self.run_id(stage) for stage in now['upstream']}
        if not redo and state == 'started':
            old = read_record(folder, STARTED) or {}
            spent = float(old.get('seconds', 0.0))
        else:
            spent = 0.0
        write_json(folder / STARTED, dict(fingerprint=now, inputs=inputs, seconds=spent))
        return redo

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

    def test(
        self,
        name: str | None = None,
        weights: str | None = None,
        submission: VOCSubmission | None = None,
    ) -> dict[str, Any]:
        """Evaluate a stage again, by default the last, with its own or other weights.

        Nothing of what the stage has made changes: what this writes goes to the folder ``test`` in
        that of the stage, which is emptied before, and the figures to ``test.json`` beside it.
        With ``submission`` the masks are packed, and images need no truth.
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
        if submission is not None:
            submission.prepare(stage)
        folder = stage.folder / 'test'
        if is_main_process():
            remove_tree(folder)
        barrier()
        metrics, notes = stage.test(weights, folder)
        if is_main_process():
            upstream = fingerprint(self.config, self.stages, name, with_data=False)['upstream']
            notes = with_inherited_sources(notes, map(self.folder, upstream))
            write_json(stage.folder / 'test.json', dict(weights=weights, metrics=metrics, **notes))
            if submission is not None:
                submission.write(folder)
        return metrics
