# SPDX-License-Identifier: Apache-2.0
"""One page about a run."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..fileio import write_bytes

_MAIN_FIGURES = ('mIoU', 'mAP', 'accuracy')
_CLASS_FIGURES = ('IoU', 'Dice', 'Over', 'Under', 'Acc', 'AP', 'accuracy')
_COLUMNS = ('status', 'split', 'protocol', 'threshold', 'images', 'seconds', 'images_per_s')
_PICTURES = (
    ('contact_sheet.png', 'Examples'),
    ('curve.png', 'Figures by background threshold'),
    ('sweep.png', 'Figures by epoch and background threshold'),
)
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff;
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; }
h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #ddd; }
h3 { font-size: 1rem; margin-bottom: .3rem; }
table { border-collapse: collapse; margin: .6rem 0; }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #eee; }
th { color: #555; font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
img { max-width: 100%; border: 1px solid #ddd; }
.faint { color: #666; }
"""


def write_report(
    work_dir: str | Path,
    summary: Mapping[str, Any],
    folders: Mapping[str, str | Path] | None = None,
) -> Path:
    """Write ``<work_dir>/report.html``: a table of the stages, then each with figures and pictures.

    The page is static and refers to pictures by relative paths, so the folder can be moved or
    zipped as a whole. Everything else in it comes from ``summary``.

    Args:
        work_dir: Folder of the run.
        summary: ``{'config': name, 'stages': {name: {'metrics': {figure: value}, 'split': ...,
            'protocol': ..., 'threshold': ..., 'seconds': ..., 'images_per_s': ..., ...}}}``. All
            entries of a stage are optional. Figures named ``IoU/cat`` become a table of classes,
            worst first, and so does an entry ``per_class`` of a stage or of a dict in it.
        folders: Stage name -> folder with its pictures; by default its subfolder.

    Returns:
        The file.

    Example:
        >>> write_report('/tmp/run', {'config': 'toy', 'stages': {}}).name
        'report.html'
    """
    work_dir = Path(work_dir)
    stages = {name: entry or {} for name, entry in (summary.get('stages') or {}).items()}
    title = _escape(summary.get('config', work_dir.name))
    body = [f'<h1>{title}</h1>', _overview(stages)]
    folders = {name: Path((folders or {}).get(name, work_dir / name)) for name in stages}
    body += [_section(work_dir, folders[name], name, entry) for name, entry in stages.items()]
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n'
        + '\n'.join(body)
        + '\n</body>\n</html>\n'
    )
    target = work_dir / 'report.html'
    write_bytes(target, page.encode())
    return target


def main_figure(metrics: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Return name and value of the figure that stands for a stage, or None."""
    by_end = {name.rpartition('/')[2]: name for name in reversed(metrics)}
    for figure in _MAIN_FIGURES:
        if figure in by_end:
            return figure, metrics[by_end[figure]]
    return next(iter(metrics.items()), None)


def _overview(stages: Mapping[str, Mapping]) -> str:
    if not stages:
        return '<p class="faint">No stage has finished.</p>'
    used = [
        c for c in _COLUMNS if c == 'status' or any(e.get(c) is not None for e in stages.values())
    ]
    rows = []
    for name, entry in stages.items():
        figure = main_figure(entry.get('metrics') or {})
        shown = '' if figure is None else f'{_escape(figure[0])} <b>{_value(figure[1])}</b>'
        cells = {'status': 'done', **{c: entry[c] for c in used if entry.get(c) is not None}}
        link = f'<a href="#{_escape(name)}">{_escape(name)}</a>'
        rows.append([link, shown, *(_value(cells.get(c)) for c in used)])
    heads = ['stage', 'figure', *(c.replace('_per_s', ' / s').replace('_', ' ') for c in used)]
    return _table(heads, rows, numbers=[i + 2 for i, c in enumerate(used) if c in _COLUMNS[4:]])


def _section(work_dir: Path, folder: Path, name: str, entry: Mapping[str, Any]) -> str:
    parts = [f'<h2 id="{_escape(name)}">{_escape(name)}</h2>']
    metrics, classes = split_figures(entry.get('metrics') or {})
    if metrics:
        rows = [[_escape(key), _value(value)] for key, value in metrics.items()]
        parts.append(_table(['figure', 'value'], rows, numbers=[1]))
    facts = [
        [_escape(key.replace('_', ' ')), _value(value)]
        for key, value in entry.items()
        if key != 'metrics' and value is not None and not isinstance(value, (Mapping, list, tuple))
    ]
    if facts:
        parts.append(_table(['fact', 'value'], facts))
    for filename, caption in _PICTURES:
        if (folder / filename).is_file():
            path = os.path.relpath(folder / filename, work_dir)
            source = _escape(quote(path.replace(os.sep, '/')))
            parts.append(f'<h3>{caption}</h3>\n<a href="{source}"><img src="{source}" alt=""></a>')
    tables = [('Classes', classes), *_tables(entry)]
    parts += [_class_table(caption, rows) for caption, rows in tables if rows]
    return '\n'.join(parts)


def split_figures(metrics: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict]]:
    """Part the figures of classes, such as ``IoU/cat``, from the others.

    Returns:
        The others; and class name -> figures, sorted by the first figure, worst first.
    """
    whole: dict[str, Any] = {}
    classes: dict[str, dict] = {}
    for key, value in metrics.items():
        figure, _, name = key.partition('/')
        if name and figure in _CLASS_FIGURES:
            classes.setdefault(name, {})[figure] = value
        else:
            whole[key] = value
    return whole, dict(sorted(classes.items(), key=lambda item: next(iter(item[1].values()))))


def _tables(entry: Mapping[str, Any]) -> list[tuple[str, Mapping]]:
    """Return the dicts among the notes of a stage that are tables by class or plain lists."""
    found = []
    for key, value in entry.items():
        if key == 'metrics' or not isinstance(value, Mapping):
            continue
        caption = key.replace('_', ' ').capitalize()
        if isinstance(value.get('per_class'), Mapping):
            found.append((caption, value['per_class']))
        elif key == 'per_class' or not any(isinstance(v, (Mapping, list)) for v in value.values()):
            found.append((caption, value))
    return found


def _class_table(caption: str, classes: Mapping[str, Any]) -> str:
    rows = {
        name: row if isinstance(row, Mapping) else {'value': row} for name, row in classes.items()
    }
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    cells = [[_escape(name), *(_value(row.get(c)) for c in columns)] for name, row in rows.items()]
    table = _table(['', *columns], cells, numbers=range(1, len(columns) + 1))
    return f'<h3>{_escape(caption)}</h3>\n{table}'


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return a table; ``heads`` are escaped here, cells are HTML already."""

    def line(cells: Sequence[str], tag: str) -> str:
        marks = [' class="number"' if i in numbers else '' for i in range(len(cells))]
        return '<tr>' + ''.join(f'<{tag}{m}>{c}</{tag}>' for m, c in zip(marks, cells)) + '</tr>'

    head = line([_escape(text) for text in heads], 'th')
    return f'<table>\n{head}\n' + '\n'.join(line(row, 'td') for row in rows) + '\n</table>'


def _value(value: Any) -> str:
    if value is None:
        return ''
    if isinstance(value, float):
        return f'{value:.4f}' if 0 < abs(value) < 1 else f'{value:.2f}'
    return _escape(value)


def _escape(value: Any) -> str:
    return html.escape(str(value))
