# SPDX-License-Identifier: Apache-2.0
"""What a config asks for, and what of it is there: done, stale, started or new."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConfigError, StageError, WSSSError
from .config_check import check_keys
from .fingerprint import changed_keys, fingerprint
from .record import RECORD, STARTED, read_index, read_record
from .references import References
from .selection import Selection
from .stage import WEIGHTS, Stage

# in a stage's folder, but not of its making
NOT_RESULTS = ('error.txt', 'test', 'test.json')


class RunState:
    """The stages of one config, and what there is of each in the folder of a run.

    Nothing here changes a file; :class:`wsss.engine.pipeline.Pipeline` runs what is missing.

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
            if stage in inputs and inputs[stage] != self.run_id(stage):
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
        for result in stage.results():
            if not (folder / result).is_file():
                return f'{result} is'
        wanted = read_index(folder).get('images', 0)
        for written in stage.written():
            there = sum(1 for _ in folder.glob(written.replace('{}', '*')))
            if there < wanted:
                return f'{wanted - there} of {wanted} files are'
        return None

    def run_id(self, stage: str) -> str | None:
        """Return what a stage's results are known by to those that read them; None before."""
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
            elif self.is_redone(name, state, redone, now):
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

    def is_redone(self, name: str, state: str, redone: set[str], now: dict) -> bool:
        """Whether the user asked for this stage, or one that it reads from, to be made again."""
        redo = self.selection.redo
        if name in self.selection.reuse:
            return False
        asked = name in redo or (state == 'stale' and 'stale' in redo)
        return asked or (
            bool(redo) and state in ('done', 'stale') and any(u in redone for u in now['upstream'])
        )

    def refuse_foreign(self, name: str) -> None:
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
