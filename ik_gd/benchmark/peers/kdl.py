"""Orocos KDL: Newton with joint limits, restarted at random until time is up, as MoveIt does."""

from __future__ import annotations

from time import perf_counter
from typing import Any, ClassVar

import numpy as np
import PyKDL

from ik_gd.benchmark.arms import BenchArm
from ik_gd.benchmark.peers.peer import Answer, Array
from ik_gd.benchmark.verify import TWIST_TOLERANCE
from ik_gd.core.kernels import layout

_DEADLINE = 0.005  # [s]
_ITERATIONS = 100


class Kdl:
    """`ChainIkSolverPos_NR_JL` over `ChainIkSolverVel_pinv`, 100 iterations a search, 5 ms."""

    name: ClassVar[str] = 'KDL NR_JL'
    max_targets: ClassVar[int | None] = 500

    def __init__(self, arm: BenchArm) -> None:
        self._arm = arm
        self._rng = np.random.default_rng(0)
        chain = self._chain = PyKDL.Chain()  # the solvers hold no reference of their own
        rows = arm.chain.segments
        chain.addSegment(PyKDL.Segment(PyKDL.Joint(), _frame(rows[0])))
        for i in range(arm.chain.dof):
            kind = PyKDL.Joint.TransZ if arm.chain.is_prismatic[i] else PyKDL.Joint.RotZ
            chain.addSegment(PyKDL.Segment(PyKDL.Joint(kind), _frame(rows[i + 1])))
        self._forward = PyKDL.ChainFkSolverPos_recursive(chain)
        self._velocity = PyKDL.ChainIkSolverVel_pinv(chain)
        self._solver = PyKDL.ChainIkSolverPos_NR_JL(
            chain,
            _joints(arm.lower),
            _joints(arm.upper),
            self._forward,
            self._velocity,
            _ITERATIONS,
            TWIST_TOLERANCE,
        )

    def prepare(self, target: Array, q_start: Array) -> tuple[Any, Any]:
        R, p = target[:3, :3], target[:3, 3]
        return PyKDL.Frame(PyKDL.Rotation(*R.ravel()), PyKDL.Vector(*p)), _joints(q_start)

    def solve(self, problem: tuple[Any, Any]) -> Any:
        goal, start = problem
        end = perf_counter() + _DEADLINE
        found = PyKDL.JntArray(start.rows())
        while True:
            if self._solver.CartToJnt(start, goal, found) >= 0:
                return found
            if perf_counter() > end:
                return None
            start = _joints(self._rng.uniform(self._arm.lower, self._arm.upper))

    def answer(self, raw: Any) -> Answer:
        if raw is None:
            return Answer(None, False)
        return Answer(np.array([raw[i] for i in range(raw.rows())]), True)


def _frame(row: Array) -> Any:
    rotation = PyKDL.Rotation(*row[layout.ROTATION])
    return PyKDL.Frame(rotation, PyKDL.Vector(*row[layout.TRANSLATION]))


def _joints(values: Array) -> Any:
    array = PyKDL.JntArray(len(values))
    for i, value in enumerate(values):
        array[i] = value
    return array
