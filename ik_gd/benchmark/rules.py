"""Protocol E: every step rule with every gradient on the same targets, the tutorial's included."""

from __future__ import annotations

from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from ik_gd.benchmark.arms import BenchArm, load_arm
from ik_gd.benchmark.results import Plan, Row, Table
from ik_gd.benchmark.verify import Verifier
from ik_gd.core.objective import Objective
from ik_gd.core.solver import Solver, SolverSettings

STEP_RULES = ('fixed', 'backtracking', 'momentum', 'quasi_newton', 'damped')
GRADIENTS = ('sampled', 'exact')
_ARMS = ('so101', 'desk6', 'panda')
_ITERATIONS = 2_000  # of one descent without restarts
_NEAR = 1e-3  # [m], [rad]

Array = NDArray[np.float64]


def run(plan: Plan, progress: Progress) -> list[Table]:
    """Measure one descent, and a search with restarts, for every pair."""
    table = Table('E', 'Protocol E: what each improvement over the tutorial buys')
    table.notes += [
        f'one descent: from the middle of the limits, up to {_ITERATIONS:,} iterations; '
        f'near: within {_NEAR:g} m and rad; met: within 1e-5. search: with restarts, the default '
        'budget of iterations',
        'fixed with sampled: the tutorial. Its step is clamped to the limits here as well',
    ]
    arms = [name for name in _ARMS if name in plan.arms]
    targets = max(10, plan.targets // 20)
    task = progress.add_task('E', total=len(arms) * len(STEP_RULES) * len(GRADIENTS))
    for name in arms:
        arm = load_arm(name)
        for rule in STEP_RULES:
            for gradient in GRADIENTS:
                progress.update(task, description=f'E {name} {rule} {gradient}')
                settings = SolverSettings(step_rule=rule, gradient=gradient)
                head: Row = {'arm': name, 'step_rule': rule, 'gradient': gradient}
                table.rows.append(head | measure(arm, settings, targets, plan.seed))
                progress.advance(task)
    progress.remove_task(task)
    return [table]


def measure(arm: BenchArm, settings: SolverSettings, targets: int, seed: int) -> Row:
    """Return how often, and how quickly, a solver with `settings` meets random targets."""
    rng = np.random.default_rng([seed, 9])
    verifier = Verifier(arm)
    solver = Solver(arm.chain, Objective.pose(), settings)
    middle = arm.chain.middle
    goals = [verifier.forward(q) for q in arm.random_joints(targets, rng)]
    solver.track(goals[0], middle)
    solver.solve(goals[0], middle)
    near = met = searched = iterations = 0
    descent_us: list[float] = []
    search_us: list[float] = []
    for target in goals:
        begin = perf_counter_ns()
        solution = solver.track(target, middle, iterations=_ITERATIONS)
        descent_us.append((perf_counter_ns() - begin) / 1e3)
        iterations += solution.iterations
        near += bool(np.abs(verifier.twist(solution.q, target)).max() <= _NEAR)
        met += verifier.reaches(solution.q, target)
        begin = perf_counter_ns()
        solution = solver.solve(target, middle)
        search_us.append((perf_counter_ns() - begin) / 1e3)
        searched += verifier.reaches(solution.q, target)
    return {
        'targets': targets,
        'near_percent': 100.0 * near / targets,
        'met_percent': 100.0 * met / targets,
        'iterations': iterations / targets,
        'iteration_us': float(np.sum(descent_us)) / iterations,
        'descent_us': float(np.mean(descent_us)),
        'search_met_percent': 100.0 * searched / targets,
        'search_us': float(np.mean(search_us)),
    }
