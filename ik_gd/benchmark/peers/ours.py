"""ik_gd itself, called as a user calls it: one Python call a target."""

from __future__ import annotations

from typing import ClassVar

from ik_gd.benchmark.arms import BenchArm
from ik_gd.benchmark.peers.peer import Answer, Array
from ik_gd.core.objective import Objective
from ik_gd.core.solver import Solution, SolutionStatus, Solver, SolverSettings


class IkGd:
    """The default solver: damped steps, exact gradient, restarts."""

    name: ClassVar[str] = 'ik_gd'
    max_targets: ClassVar[int | None] = None

    def __init__(self, arm: BenchArm, settings: SolverSettings | None = None) -> None:
        self._solver = Solver(arm.chain, Objective.pose(), settings or SolverSettings())

    def prepare(self, target: Array, q_start: Array) -> tuple[Array, Array]:
        return target, q_start

    def solve(self, problem: tuple[Array, Array]) -> Solution:
        return self._solver.solve(problem[0], problem[1])

    def answer(self, raw: Solution) -> Answer:
        return Answer(
            raw.q, raw.status is SolutionStatus.CONVERGED, raw.iterations, raw.restarts + 1
        )
