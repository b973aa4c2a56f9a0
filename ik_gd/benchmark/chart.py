"""The picture of protocol A that the README shows: time against success, an arm a row."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ik_gd.benchmark.results import Row, Table
from ik_gd.benchmark.static import SERIOUS_SHARE
from ik_gd.core.errors import IkGdError

_OURS = '#d1495b'
_COLOURS = ('#30638e', '#00798c', '#edae49', '#6a4c93', '#8d99ae', '#7f5539', '#606c38')


def draw_chart(path: Path, tables: list[Table]) -> None:
    """Draw mean solve times of all solvers on all arms, from the tables of protocol A.

    Raises:
        IkGdError: protocol A is not among them, or the file cannot be written.
    """
    rows = [row for table in tables for row in table.rows if 'wrong_claims' in row]
    if not rows:
        raise IkGdError('the chart shows protocol A, which was not measured')
    arms = list(dict.fromkeys(str(row['arm']) for row in rows))
    solvers = list(dict.fromkeys(str(row['solver']) for row in rows))
    figure, axes = plt.subplots(figsize=(9.0, 1.6 + 0.5 * len(arms)), layout='constrained')
    for i, solver in enumerate(solvers):
        _draw_solver(axes, solver, arms, rows, _OURS if i == 0 else _COLOURS[(i - 1) % 7])
    axes.set_xscale('log')
    axes.xaxis.set_major_formatter(_duration)
    axes.set_yticks(range(len(arms)), [_label(arm, rows) for arm in arms])
    axes.invert_yaxis()
    axes.grid(axis='x', which='major', color='0.85')
    axes.grid(axis='x', which='minor', color='0.94')
    axes.set_axisbelow(True)
    axes.spines[['top', 'right', 'left']].set_visible(False)
    axes.tick_params(axis='y', length=0)
    axes.set_xlabel('mean time for one pose, failures included')
    axes.set_title(_title(rows), loc='left', fontsize=11)
    axes.legend(loc='upper left', bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9)
    try:
        figure.savefig(path, dpi=130)
    except (OSError, ValueError) as error:
        raise IkGdError(f'cannot write the chart {path}: {error}') from error
    finally:
        plt.close(figure)


def _duration(microseconds: float, _: int) -> str:
    """Return a time as an axis shows it: 10 us, 1 ms."""
    for unit in ('us', 'ms'):
        if microseconds < 1000.0:
            return f'{microseconds:g} {unit}'
        microseconds /= 1000.0
    return f'{microseconds:g} s'


def _draw_solver(axes: Axes, solver: str, arms: list[str], rows: list[Row], colour: str) -> None:
    """Draw one marker an arm: full where nearly all targets were solved, else hollow."""
    times, places, faces = [], [], []
    for place, arm in enumerate(arms):
        own = [row for row in rows if row['arm'] == arm and row['solver'] == solver]
        if own:
            times.append(np.mean([row['mean_us'] for row in own]))
            places.append(place)
            solved = np.mean([row['solved_percent'] for row in own])
            faces.append(colour if solved >= 100.0 * SERIOUS_SHARE else 'white')
    is_ours = solver == rows[0]['solver']
    axes.scatter(
        times,
        places,
        s=95 if is_ours else 55,
        marker='D' if is_ours else 'o',
        facecolors=faces,
        edgecolors=colour,
        linewidths=1.5,
        zorder=3 if is_ours else 2,
    )
    # the legend shows full markers
    axes.scatter([], [], s=55, marker='D' if is_ours else 'o', color=colour, label=solver)


def _label(arm: str, rows: list[Row]) -> str:
    joints = next(row['joints'] for row in rows if row['arm'] == arm)
    return f'{arm}  ({joints} joints)'


def _title(rows: list[Row]) -> str:
    targets = max(int(row['targets'] or 0) for row in rows)
    return (
        f'{targets:,} reachable poses an arm and start, within 1e-5 m and rad and all limits\n'
        f'hollow: fewer than {SERIOUS_SHARE:.0%} of its targets solved'
    )
