"""One target in, joint positions out: the public door to the descent."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.chain import Chain
from ik_gd.core.errors import SettingsError, TargetError
from ik_gd.core.kernels import layout, search, seeds
from ik_gd.core.kernels.descent import scratch_size
from ik_gd.core.kinematics import checked_joints
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose, checked_transform


class SolutionStatus(enum.Enum):
    """How a descent ended. Not converging is an answer too: the best joint positions found."""

    CONVERGED = 'converged'
    STALLED = 'stalled'
    AT_LIMIT = 'at_limit'
    OUT_OF_REACH = 'out_of_reach'
    BUDGET_SPENT = 'budget_spent'


class Solution(NamedTuple):
    """Joint positions and how well they do.

    Attributes:
        q: (n,) [rad or m], inside the limits.
        status: how the search ended.
        position_error: [m] distance of the tip from the target.
        rotation_error: [rad] angle left to turn; of the axis, when only an axis is asked for.
        iterations: forward kinematics evaluated, restarts included.
        restarts: descents begun after the first.
        cost: 1/2 sum (weight * error)^2.
    """

    q: NDArray[np.float64]
    status: SolutionStatus
    position_error: float
    rotation_error: float
    iterations: int
    restarts: int
    cost: float

    @property
    def converged(self) -> bool:
        """Whether every error is within its tolerance."""
        return self.status is SolutionStatus.CONVERGED


@dataclass(frozen=True)
class SolverSettings:
    """How to descend. The defaults suit arms of 3 to 100 joints.

    Attributes:
        max_iterations: of a whole solve.
        descent_iterations: of one descent before the next restart.
        damping: lambda = damping * cost.
        step_limit: [rad or m] no joint moves further in one iteration.
    """

    max_iterations: int = 4000
    descent_iterations: int = 40
    damping: float = 0.1
    step_limit: float = 1.0
    samples: int = 4096

    def __post_init__(self) -> None:
        for name in ('max_iterations', 'descent_iterations'):
            if getattr(self, name) < 1:
                raise SettingsError(f'{name} is at least 1, not {getattr(self, name)!r}')
        for name in ('damping', 'step_limit'):
            if not getattr(self, name) > 0.0:
                raise SettingsError(f'{name} is positive, not {getattr(self, name)!r}')

    @property
    def row(self) -> NDArray[np.float64]:
        """The settings as the kernels read them, see kernels/layout.py."""
        row = np.zeros(layout.SETTINGS_WIDTH)
        row[layout.DAMPING] = self.damping
        row[layout.LEAST_DAMPING] = 1e-11
        row[layout.STEP_LIMIT] = self.step_limit
        row[layout.LEAST_STEP] = 1e-12
        row[layout.SLOW] = 0.85
        row[layout.PATIENCE] = 1
        row[layout.TIGHTEN] = 8.0
        row[layout.LOOSEN] = 1.0
        row[layout.LEAST_RELAX] = 1e-3
        row[layout.DESCENT_BUDGET] = self.descent_iterations
        row[layout.TOTAL_BUDGET] = self.max_iterations
        return row


class Solver:
    """Brings the tip of a chain to targets.

    A solver keeps work space and is therefore for one thread; make one per thread.
    """

    def __init__(
        self,
        chain: Chain,
        objective: Objective | None = None,
        settings: SolverSettings | None = None,
    ) -> None:
        self.chain = chain
        self.objective = Objective.pose() if objective is None else objective
        self.settings = SolverSettings() if settings is None else settings
        n = chain.dof
        self._limits = np.stack([chain.lower, chain.upper])
        self._row = self.settings.row
        self._middle = chain.middle
        self._work = np.zeros(2 * n + scratch_size(chain.segments.shape[0] - 1, n))
        self._outcome = np.zeros(n + search.OUTCOME_WIDTH)
        self._tail = self._outcome[n:]
        self._target = np.eye(4)
        self._segments = chain.segments
        self._tasks = np.stack([self.objective.task, _search_task(self.objective, chain)])
        count = self.settings.samples
        self._samples = np.empty((count, n))
        self._keys = np.empty(seeds.KEYS * count, np.float32)
        self._distances = np.empty(count + count // seeds.BLOCK, np.float32)
        seeds.fill_samples(chain.segments, self._limits, self._tasks[1], self._samples, self._keys)
        self._box = self._limits.copy()

    def solve(
        self,
        target: Pose | ArrayLike,
        q_start: ArrayLike | None = None,
        rng: np.random.Generator | int | None = None,
    ) -> Solution:
        """Search joint positions that bring the tip to `target`, with restarts.

        Args:
            target: where the tip is to be, in the base frame: a Pose or (4, 4).
            q_start: (n,) [rad or m] tried first; None for the middle of the limits.
            rng: varies the restarts; the same rng state gives bit-identical results.

        Raises:
            TargetError: the target is not a finite rigid transform, or q_start not (n,) finite.
        """
        row = self._row
        if q_start is None:
            row[layout.FROM_START] = 0.0
            start = self._middle
        else:
            row[layout.FROM_START] = 1.0
            start = self._joints(q_start)
        code = search.solve(
            self._segments,
            self._limits,
            self._tasks,
            row,
            self._samples,
            self._keys,
            self._distances,
            self._matrix(target),
            start,
            self._work,
            self._outcome,
        )
        if code < 0:
            self._explain(code, target, start)
        return self._solution()

    def track(
        self,
        target: Pose | ArrayLike,
        q_start: ArrayLike,
        lower: ArrayLike | None = None,
        upper: ArrayLike | None = None,
        iterations: int = 10,
    ) -> Solution:
        """Go downhill from `q_start` only: what a control tick needs. No restart, no jump.

        Args:
            target: where the tip is to be, in the base frame: a Pose or (4, 4).
            q_start: (n,) [rad or m].
            lower: (n,) bounds for this call; None for the limits, widened to hold `q_start`.
            upper: (n,) likewise.
            iterations: forward kinematics to spend at most.

        Returns:
            A solution inside [lower, upper], and never of a higher cost than `q_start` clipped to
            them.

        Raises:
            TargetError: as for `solve`, or bounds that are NaN or exclude each other.
        """
        start = self._joints(q_start)
        box = self._box
        np.minimum(self._limits[0], start, out=box[0]) if lower is None else _copy(lower, box[0])
        np.maximum(self._limits[1], start, out=box[1]) if upper is None else _copy(upper, box[1])
        code = search.track(
            self.chain.segments,
            box,
            self.objective.task,
            self._row,
            self._matrix(target),
            start,
            self._work,
            self._outcome,
            iterations,
        )
        if code < 0:
            self._explain(code, target, start)
        return self._solution()

    def _matrix(self, target: Pose | ArrayLike) -> NDArray[np.float64]:
        """Return `target` as a (4, 4) float64 array; the kernel checks what it holds."""
        if type(target) is np.ndarray and target.shape == (4, 4) and target.dtype == np.float64:
            return target if target.flags.c_contiguous else np.ascontiguousarray(target)
        if isinstance(target, Pose):
            return target.matrix
        return checked_transform(target)

    def _joints(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return `q` as a (n,) float64 array; the kernel checks that it is finite."""
        if type(q) is np.ndarray and q.shape == self._middle.shape and q.dtype == np.float64:
            return q if q.flags.c_contiguous else np.ascontiguousarray(q)
        return checked_joints(self.chain, q, 'q_start')

    def _explain(self, code: int, target: Pose | ArrayLike, start: NDArray[np.float64]) -> None:
        """Raise the error that says why the kernel refused its input."""
        if code == search.BAD_TARGET:
            checked_transform(target.matrix if isinstance(target, Pose) else target)
            raise TargetError(f'the target is not a rigid transform: {target!r}')
        if code == search.BAD_START:
            checked_joints(self.chain, start, 'q_start')
        raise TargetError(
            f'bounds exclude each other: lower {self._box[0].tolist()}, '
            f'upper {self._box[1].tolist()}'
        )

    def _solution(self) -> Solution:
        n = self.chain.dof
        code, position, rotation, cost, iterations, restarts = self._tail.tolist()
        return Solution(
            self._outcome[:n].copy(),
            _STATUS[int(code)],
            position,
            rotation,
            int(iterations),
            int(restarts),
            cost,
        )


_STATUS = (
    SolutionStatus.CONVERGED,
    SolutionStatus.STALLED,
    SolutionStatus.BUDGET_SPENT,
    SolutionStatus.AT_LIMIT,
    SolutionStatus.OUT_OF_REACH,
)


def _search_task(objective: Objective, chain: Chain) -> NDArray[np.float64]:
    """Return the task with the weights that searches converge fastest with.

    Where every error is to vanish, the weights do not change the solution, only the way to it: a
    turn then weighs as much as the motion that it gives to a point a quarter of the reach away.
    """
    task = objective.task.copy()
    weights = task[layout.WEIGHTS : layout.WEIGHTS + 6]
    tolerances = task[layout.TOLERANCES : layout.TOLERANCES + 6]
    if not np.isinf(tolerances[weights > 0.0]).any():
        lever = min(max(0.25 * chain.reach, 0.01), 10.0)
        weights[:3] = weights[:3] > 0.0
        weights[3:] = lever * (weights[3:] > 0.0)
    return task


def _copy(values: ArrayLike, out: NDArray[np.float64]) -> None:
    try:
        out[:] = values
    except (TypeError, ValueError) as error:
        raise TargetError(f'bounds are ({out.size},) numbers, not {values!r}') from error


def _offset(rng: np.random.Generator | int) -> float:
    """Return where the sequence of restarts begins, drawn from `rng`."""
    generator = np.random.default_rng(rng)
    return math.floor(generator.uniform(0.0, 2.0**20))
