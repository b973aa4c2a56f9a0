"""Pictures of descents: the only file of the command line that imports matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.chain import Chain
from ik_gd.core.descent import STEP_RULES, SolverSettings
from ik_gd.core.errors import IkGdError
from ik_gd.core.gradient import derivatives
from ik_gd.core.kinematics import checked_joints
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose
from ik_gd.core.solver import Solver
from ik_gd.core.trace import Trace, trace

try:
    from matplotlib.figure import Figure
except ImportError as error:
    raise IkGdError('pictures need matplotlib: pip install matplotlib') from error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ('#ff4d4d', '#ffb703', '#ff70d4', '#45c4ff', '#7bd836', '#9d6bff')

Array = NDArray[np.float64]


def plot_rules(
    path: Path,
    chain: Chain,
    objective: Objective,
    target: Pose,
    q_start: ArrayLike | None = None,
    iterations: int = 400,
) -> None:
    """Draw how fast every step rule lowers the cost on the way to one target.

    Args:
        path: the picture's file.
        chain: the arm.
        objective: what counts as on target.
        target: where the tip is to be.
        q_start: (n,) where each descent starts [rad or m]; None for the middle of the limits.
        iterations: at most, for each rule.

    Raises:
        IkGdError: the file cannot be written.
    """
    start = checked_joints(chain, chain.middle if q_start is None else q_start)
    learning_rate = _learning_rate(chain, objective, target, start)
    traces = {}
    for rule in STEP_RULES:
        for gradient in ('exact', 'sampled') if rule == 'fixed' else ('exact',):
            settings = SolverSettings(
                step_rule=rule, gradient=gradient, learning_rate=learning_rate
            )
            solver = Solver(chain, objective, settings)
            name = rule if gradient == 'exact' else f'{rule}, {gradient} (the tutorial)'
            traces[name] = trace(solver, target, start, iterations)
    title = (
        f'{chain.base_link} to {chain.tip_link}: one descent of each rule, no restarts; '
        f'learning rate {learning_rate:.2g}'
    )
    convergence_plot(path, traces, title)


def _learning_rate(chain: Chain, objective: Objective, target: Pose, q_start: Array) -> float:
    """Return 1 / the largest curvature of the cost where the descents start: no rule overshoots.

    The curvature is that of the squared linearised error (Gauss and Newton's).
    """
    T = np.require(target.matrix, np.float64, ['C', 'W'])
    columns, _ = derivatives(chain, objective, T, q_start)
    return 1.0 / max(float(np.linalg.norm(columns, 2)) ** 2, 1e-6)


def convergence_plot(path: Path, traces: Mapping[str, Trace], title: str = '') -> None:
    """Draw the cost against the iteration for several step rules side by side.

    Args:
        path: the picture's file; its ending says the kind (.png, .svg, .pdf).
        traces: one for each rule, by the name that the legend shows.
        title: one line above.

    Raises:
        IkGdError: the file cannot be written.
    """
    figure = Figure(figsize=(8.6, 4.2), layout='constrained')
    axes = figure.add_subplot()
    floor = 1e-30  # a logarithm has no zero
    for (name, way), colour in zip(traces.items(), _cycle(len(traces)), strict=True):
        costs = np.maximum(way.costs, floor)
        axes.semilogy(way.iterations, costs, color=colour, label=name, linewidth=1.6)
        axes.semilogy(way.iterations[-1], costs[-1], 'o', color=colour, markersize=5)
    axes.set_xlabel('iterations (forward kinematics)')
    axes.set_ylabel('cost, 1/2 sum (weight * error)$^2$')
    axes.set_title(title, loc='left', fontsize=10)
    axes.grid(color='0.9')
    axes.spines[['top', 'right']].set_visible(False)
    axes.legend(loc='upper left', bbox_to_anchor=(1.0, 1.0), frameon=False)
    _save(figure, path)


def landscape_plot(
    path: Path,
    names: tuple[str, str],
    first: Array,
    second: Array,
    distances: Array,
    paths: Mapping[str, Array],
    title: str = '',
) -> None:
    """Draw the distance from the target over two joints, as a surface and as a map with paths.

    Args:
        path: the picture's file.
        names: of the two joints, with their units.
        first: (k,) positions of the first joint [rad or m].
        second: (m,) of the second.
        distances: (m, k) [m].
        paths: for each descent its name and the two joints (i, 2) after each iteration.
        title: one line above.

    Raises:
        IkGdError: the file cannot be written.
    """
    figure = Figure(figsize=(11.0, 5.0), layout='constrained')
    surface = figure.add_subplot(1, 2, 1, projection='3d')
    A, B = np.meshgrid(first, second)
    surface.plot_surface(
        A, B, distances, cmap='viridis', rcount=70, ccount=70, linewidth=0.0, alpha=0.95
    )
    surface.set_xlabel(names[0])
    surface.set_ylabel(names[1])
    surface.set_zlabel('distance [m]')
    surface.view_init(elev=42.0, azim=-125.0)
    surface.set_box_aspect(None, zoom=0.9)  # room for the label of the height
    flat = figure.add_subplot(1, 2, 2)
    shades = flat.contourf(first, second, distances, levels=24, cmap='viridis')
    figure.colorbar(shades, ax=flat, label='distance [m]')
    _draw_paths(flat, paths)
    flat.set_xlabel(names[0])
    flat.set_ylabel(names[1])
    figure.suptitle(title, fontsize=11)
    if paths:
        figure.legend(loc='outside lower right', fontsize=9, frameon=False, ncols=3)
    _save(figure, path)


def _draw_paths(axes: Axes, paths: Mapping[str, Array]) -> None:
    limits = axes.get_xlim(), axes.get_ylim()
    for (name, joints), colour in zip(paths.items(), _cycle(len(paths)), strict=True):
        label = f'{name}: {len(joints) - 1} steps'
        shared = {'color': colour, 'markeredgecolor': 'white', 'clip_on': False}
        a, b = joints.T
        axes.plot(a, b, '.-', markersize=4, markeredgewidth=0.3, label=label, **shared)
        axes.plot(a[-1], b[-1], 'X', markersize=9, **shared)
    if paths:
        start = next(iter(paths.values()))[0]
        axes.plot(*start, 'o', color='white', markersize=8, markeredgecolor='black')
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])


def _cycle(count: int) -> list[str]:
    return [_COLOURS[i % len(_COLOURS)] for i in range(count)]


def _save(figure: Figure, path: Path) -> None:
    try:
        figure.savefig(path, dpi=130)
    except (OSError, ValueError) as error:
        raise IkGdError(f'cannot write the picture {path}: {error}') from error
