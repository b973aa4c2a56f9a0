"""One run of the benchmark: the protocols in turn, then everything that is printed and written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ik_gd.benchmark import best_effort, report, rules, scale, static, tracking
from ik_gd.benchmark import join as joining
from ik_gd.benchmark.results import Plan, Table

_FILE_WIDTH = 180  # characters, where there is no terminal to ask

PROTOCOLS: dict[str, Callable[[Plan, Progress], list[Table]]] = {
    'A': static.run,
    'B': tracking.run,
    'C': best_effort.run,
    'D': scale.run,
    'E': rules.run,
}


@dataclass(frozen=True)
class Files:
    """Where results are written; None: not at all."""

    json: Path | None = None
    csv: Path | None = None
    markdown: Path | None = None
    chart: Path | None = None

    def write(self, tables: list[Table], plan: Plan, facts: report.Facts) -> None:
        """Write all that is asked for."""
        self.write_json(tables, plan, facts)
        if self.csv is not None:
            report.write_csv(self.csv, tables)
        if self.markdown is not None:
            report.write_markdown(self.markdown, tables, facts)
        if self.chart is not None:
            from ik_gd.benchmark.chart import draw_chart

            draw_chart(self.chart, tables)

    def write_json(self, tables: list[Table], plan: Plan, facts: report.Facts) -> None:
        """Write the JSON alone."""
        if self.json is not None:
            report.write_json(self.json, tables, plan, facts)


def run(letters: str, plan: Plan, files: Files) -> int:
    """Measure, print each table as soon as it is there, write the files; return the exit code."""
    console = _console()
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
            # after each protocol: a long run may be cut short
            files.write_json(tables, plan, facts)
    files.write(tables, plan, facts)
    return 0


def join(paths: list[Path], files: Files) -> int:
    """Print and write what earlier runs measured as if it had been one; return the exit code."""
    plan, tables, facts = joining.join(paths)
    report.print_tables(tables, _console())
    files.write(tables, plan, facts)
    return 0


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else _FILE_WIDTH)
