"""Joins the JSON of several runs of the benchmark into one: a long run can be done in pieces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ik_gd.benchmark import best_effort
from ik_gd.benchmark.report import Facts
from ik_gd.benchmark.results import Plan, Row, Table
from ik_gd.core.errors import IkGdError, SettingsError

# What a row is about; rows of two runs that agree in it are measurements of the same thing.
_ABOUT = ('arm', 'joints', 'start', 'asked', 'path', 'solver', 'step_rule', 'gradient')
_ALL_CASES = 'all'  # the arm of the row of sums of protocol C


def join(paths: list[Path]) -> tuple[Plan, list[Table], Facts]:
    """Return the plan, the tables and the machine of all runs together.

    Where two runs measured the same, the later file counts.

    Raises:
        IkGdError: a file that cannot be read, or was not written by `ik_gd bench --json`.
        SettingsError: runs of different machines, versions or seeds.
    """
    documents = [_read(path) for path in paths]
    first = documents[0]
    for path, document in zip(paths, documents, strict=True):
        for what in ('machine', 'seed'):
            ours, theirs = _fact(first, what), _fact(document, what)
            if ours != theirs:
                raise SettingsError(
                    f'{path} cannot be joined to {paths[0]}: its {what} is {theirs}, not {ours}'
                )
    tables: dict[str, Table] = {}
    for document in documents:
        for new in document['tables']:
            table = tables.setdefault(new['title'], Table(new['protocol'], new['title']))
            _extend(table, new['rows'], new['notes'])
    plan = _plan([document['plan'] for document in documents])
    return plan, _in_order(list(tables.values())), first['machine']


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise IkGdError(f'cannot read {path}: {error}') from error
    if not isinstance(document, dict) or {'machine', 'plan', 'tables'} - document.keys():
        raise IkGdError(f'{path} was not written by ik_gd bench --json')
    return document


def _fact(document: dict[str, Any], what: str) -> Any:
    return document['plan']['seed'] if what == 'seed' else document['machine']


def _plan(plans: list[dict[str, Any]]) -> Plan:
    """Return what all `plans` together measured; of numbers, the largest."""
    return Plan(
        arms=tuple(dict.fromkeys(arm for plan in plans for arm in plan['arms'])),
        peers=tuple(dict.fromkeys(peer for plan in plans for peer in plan['peers'])),
        targets=max(plan['targets'] for plan in plans),
        cases=max(plan['cases'] for plan in plans),
        seed=plans[0]['seed'],
    )


def _extend(table: Table, rows: list[Row], notes: list[str]) -> None:
    """Add `rows` and `notes` to `table`; a row about the same as an old one takes its place."""
    table.notes += [note for note in notes if note not in table.notes]
    places = {_about(row): i for i, row in enumerate(table.rows)}
    for row in rows:
        place = places.get(_about(row))
        if place is None:
            table.rows.append(row)
        else:
            table.rows[place] = row


def _about(row: Row) -> tuple[Any, ...]:
    about = tuple(row.get(key) for key in _ABOUT)
    # only batches have one arm at many numbers of targets
    return (*about, row['targets']) if 'poses_per_second' in row else about


def _in_order(tables: list[Table]) -> list[Table]:
    """Return the tables by protocol; the sums of protocol C made anew, below all its rows."""
    for table in tables:
        groups = [row for row in table.rows if row.get('arm') != _ALL_CASES]
        if len(groups) < len(table.rows):
            table.rows = [*groups, best_effort.total_row(groups)]
    return sorted(tables, key=lambda table: table.protocol)
