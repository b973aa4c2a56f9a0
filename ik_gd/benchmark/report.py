"""Prints tables, and writes them as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from ik_gd import __version__
from ik_gd.benchmark.results import Plan, Table, Value

_LIBRARIES = (
    'numba',
    'numpy',
    'roboticstoolbox-python',
    'optik-py',
    'pytracik',
    'pybullet',
    'pin-pink',
    'ikpy',
    'pin',
    'scipy',
)
Facts = dict[str, str | int | None]  # see `machine`

_UNITS = {'_us': ' [us]', '_percent': ' [%]', '_rad': ' [rad]', '_m': ' [m]', '_ms': ' [ms]'}


def print_tables(tables: list[Table], console: Console) -> None:
    """Print each table with its notes below."""
    for table in tables:
        if table.rows:
            console.print(_rich_table(table))
        for note in table.notes:
            console.print(f'  {note}', highlight=False)
        console.print()


def write_json(path: Path, tables: list[Table], plan: Plan, facts: Facts) -> None:
    """Write everything, with the machine and the versions that it was measured with."""
    document = {
        'machine': facts,
        'plan': vars(plan),
        'tables': [vars(table) for table in tables],
    }
    path.write_text(json.dumps(document, indent=1) + '\n')


def write_csv(path: Path, tables: list[Table]) -> None:
    """Write all rows into one file: the columns of all tables, and which table a row is of."""
    columns = list(dict.fromkeys(key for table in tables for row in table.rows for key in row))
    with path.open('w', newline='') as file:
        writer = csv.DictWriter(file, ['protocol', 'table', *columns])
        writer.writeheader()
        for table in tables:
            for row in table.rows:
                writer.writerow({'protocol': table.protocol, 'table': table.title} | row)


def write_markdown(path: Path, tables: list[Table], facts: Facts) -> None:
    """Write the tables as a page of documentation."""
    lines = [
        '# Benchmark',
        '',
        f'Written by `ik_gd bench --markdown`. {facts["processor"]}, {facts["cores"]} cores, '
        f'Python {facts["python"]}; '
        + ', '.join(f'{name} {facts[name]}' for name in _LIBRARIES if facts.get(name) is not None)
        + '.',
    ]
    for table in tables:
        lines += ['', f'## {table.title}', '']
        if table.rows:
            columns = list(table.rows[0])
            numeric = [not isinstance(table.rows[0][column], str) for column in columns]
            lines.append('| ' + ' | '.join(map(_heading, columns)) + ' |')
            lines.append('|' + '|'.join('---:' if right else '---' for right in numeric) + '|')
            for row in table.rows:
                cells = (_text(column, row.get(column)) for column in columns)
                lines.append('| ' + ' | '.join(cells) + ' |')
        lines += ['', *(f'- {note}' for note in table.notes)]
    path.write_text('\n'.join(lines) + '\n')


def machine() -> Facts:
    """Return what the numbers depend on: processor, cores, versions."""
    facts: Facts = {
        'processor': _processor(),
        'cores': os.cpu_count(),
        'python': platform.python_version(),
        'ik_gd': __version__,
    }
    for library in _LIBRARIES:
        try:
            facts[library] = version(library)
        except PackageNotFoundError:
            facts[library] = None
    return facts


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(':', 1)[1].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor()


def _rich_table(table: Table) -> RichTable:
    shown = RichTable(title=table.title, title_justify='left')
    columns = list(table.rows[0])
    for column in columns:
        numeric = not isinstance(table.rows[0][column], str)
        shown.add_column(escape(_heading(column)), justify='right' if numeric else 'left')
    previous = None
    for row in table.rows:
        first = row[columns[0]]
        if previous not in (None, first):
            shown.add_section()
        previous = first
        shown.add_row(*(_text(column, row.get(column)) for column in columns))
    return shown


def _heading(column: str) -> str:
    for ending, unit in _UNITS.items():
        if column.endswith(ending):
            return column[: -len(ending)].replace('_', ' ') + unit
    return column.replace('_', ' ')


def _text(column: str, value: Value) -> str:
    if value is None:
        return '-'
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if not isinstance(value, float):
        return f'{value:,}' if isinstance(value, int) else value
    if column.startswith('ratio'):
        return f'{value:.1f} x'
    if column.endswith('_percent'):
        return f'{value:.2f}'
    if value != 0.0 and not 1e-2 <= abs(value) < 1e6:
        return f'{value:.1e}'
    return f'{value:,.3g}' if abs(value) < 100.0 else f'{value:,.0f}'
