"""One run of the benchmark: the protocols in turn, then everything that is printed and written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ik_gd.benchmark import best_effort, report, rules, scale, static, tracking
from ik_gd.benchmark.results import Plan, Table

_FILE_WIDTH = 180  # characters, where there is no terminal to ask

PROTOCOLS: dict[str, Callable[[Plan, Progress], list[Table]]] = {
    'A': static.run,
    'B': tracking.run,
    'C': best_effort.run,
    'D': scale.run,
    'E': rules.run,
}


def run(
    letters: str,
    plan: Plan,
    json_path: Path | None = None,
    csv_path: Path | None = None,
    chart_path: Path | None = None,
    markdown_path: Path | None = None,
) -> int:
    """Measure, print each table as soon as it is there, write the files; return the exit code."""
    console = Console(width=None if sys.stdout.isatty() else _FILE_WIDTH)
    facts = report.machine()
    console.print(f'{facts["processor"]}, {facts["cores"]} cores, Python {facts["python"]}')
    progress = Progress(
        TextColumn('{task.description:20}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tables: list[Table] = []
    with progress:
        for letter in sorted(set(letters)):
            new = PROTOCOLS[letter](plan, progress)
            report.print_tables(new, console)
            tables += new
            if json_path is not None:  # after each protocol: a long run may be cut short
                report.write_json(json_path, tables, plan)
    if csv_path is not None:
        report.write_csv(csv_path, tables)
    if markdown_path is not None:
        report.write_markdown(markdown_path, tables)
    if chart_path is not None:
        from ik_gd.benchmark.chart import draw_chart

        draw_chart(chart_path, tables)
    return 0
