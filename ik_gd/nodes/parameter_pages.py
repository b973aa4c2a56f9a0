"""Writes docs/parameters.md and config/ik.yaml from the tables of parameters.

`python -m ik_gd.nodes.parameter_pages` writes both, from the top folder of the sources.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ik_gd.nodes.parameters import Parameter

# node: (the module and the name of its table of parameters, what the node does)
NODES = {
    'ik_node': ('ik_parameters', 'PARAMETERS', 'moves an arm to target poses'),
    'simulator_node': ('simulator_node', 'PARAMETERS', 'simulates an arm with PyBullet'),
    'servo_node': ('servo_node', 'SERVO_PARAMETERS', 'drives the servos of an arm on a bus'),
    'target_node': ('target_node', 'PARAMETERS', 'publishes a moving target'),
}
_COMMAND = '`python -m ik_gd.nodes.parameter_pages`'


def table_of(node: str) -> Sequence[Parameter]:
    """Return the parameters of one of NODES."""
    module, table, _ = NODES[node]
    rows: Sequence[Parameter] = getattr(import_module(f'ik_gd.nodes.{module}'), table)
    return rows


def markdown() -> str:
    """Return docs/parameters.md."""
    lines = [
        '# Parameters',
        '',
        f'Written by {_COMMAND} from the tables in the code; a test checks that it is current.',
        '',
        'Numbers are taken with or without a decimal point, and one number where a list is',
        'expected. A change of *live* parameters is checked together with all others, and refused',
        'as a whole with the reason; the others are read once, at the start.',
    ]
    for node, (*_, purpose) in NODES.items():
        lines += [
            '',
            f'## {node}',
            '',
            f'{purpose[0].upper()}{purpose[1:]}.',
            '',
            '| parameter | default | unit | range | live | meaning |',
            '|---|---|---|---|---|---|',
            *(_markdown_row(row) for row in table_of(node)),
        ]
    return '\n'.join(lines) + '\n'


def config() -> str:
    """Return config/ik.yaml."""
    lines = [
        f'# All parameters of the nodes with their defaults, written by {_COMMAND}.',
        '# Copy this file, change the copy, and give it as `config:=` to the launch files or as',
        '# `--config` to `ik_gd sim`. Parameters that are empty stand behind a #.',
    ]
    for node in NODES:
        lines += ['', f'/**/{node}:', '  ros__parameters:']
        for row in table_of(node):
            facts = [_sentence(row.description)]
            facts += [f'[{row.unit}]'] if row.unit else []
            facts += [f'({_range(row)})'] if _range(row) else []
            lines += [f'    # {line}' for line in textwrap.wrap(' '.join(facts), 90)]
            is_empty = row.default in ('', [])
            lines.append(f'    {"# " if is_empty else ""}{row.name}: {json.dumps(row.default)}')
    return '\n'.join(lines) + '\n'


PAGES = {'docs/parameters.md': markdown, 'config/ik.yaml': config}


def write_pages(folder: Path) -> None:
    """Write both pages below `folder`."""
    for name, maker in PAGES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(maker(), encoding='utf-8')


def _markdown_row(row: Parameter) -> str:
    default = f'`{json.dumps(row.default)}`'
    live = 'yes' if row.live else ''
    cells = (f'`{row.name}`', default, row.unit, _range(row), live, _sentence(row.description))
    return f'| {" | ".join(cells)} |'


def _sentence(text: str) -> str:
    return f'{text[0].upper()}{text[1:].rstrip(".")}.'


def _range(row: Parameter) -> str:
    if row.choices:
        return ', '.join(row.choices)
    low, high = _bound(row.minimum), _bound(row.maximum)
    if low and high:
        return f'{low} to {high}'
    return f'{low} or more' if low else f'up to {high}' if high else ''


def _bound(value: Any) -> str:
    return '' if value is None or not math.isfinite(value) else f'{value:.10g}'


if __name__ == '__main__':
    write_pages(Path())
