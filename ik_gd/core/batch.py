"""Many targets at once, over all cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.errors import TargetError
from ik_gd.core.kernels import solve
from ik_gd.core.kernels.descent import CONVERGED
from ik_gd.core.pose import Pose, checked_transform
from ik_gd.core.solution import STATUS_OF_CODE, Solution, SolutionStatus

if TYPE_CHECKING:
    from ik_gd.core.solver import Solver

_PORTION = 8192  # targets between two calls of the progress callback

Progress = Callable[[int, int], object]


@dataclass(frozen=True, eq=False)
class SolutionBatch:
    """What `Solver.solve_batch` found, in the order of its targets; arrays as in Solution.

    Attributes:
        q: (N, n) [rad or m].
        codes: (N,) of the statuses, see `status`.
        position_error: (N,) [m].
        rotation_error: (N,) [rad].
        iterations: (N,).
        restarts: (N,).
        cost: (N,).
    """

    q: NDArray[np.float64]
    codes: NDArray[np.int64]
    position_error: NDArray[np.float64]
    rotation_error: NDArray[np.float64]
    iterations: NDArray[np.int64]
    restarts: NDArray[np.int64]
    cost: NDArray[np.float64]

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Which targets are met within their tolerances (N,)."""
        return np.equal(self.codes, CONVERGED)

    @property
    def status(self) -> list[SolutionStatus]:
        """The status of each target."""
        return [STATUS_OF_CODE[code] for code in self.codes.tolist()]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, index: int) -> Solution:
        return Solution(
            self.q[index],
            STATUS_OF_CODE[int(self.codes[index])],
            float(self.position_error[index]),
            float(self.rotation_error[index]),
            int(self.iterations[index]),
            int(self.restarts[index]),
            float(self.cost[index]),
        )


def solve_batch(
    solver: Solver,
    targets: ArrayLike | Sequence[Pose],
    q_start: ArrayLike | None = None,
    progress: Progress | None = None,
) -> SolutionBatch:
    """Solve many targets over all cores; see Solver.solve_batch."""
    from numba import get_num_threads

    from ik_gd.core.kernels import batch  # threads: only for those who ask

    transforms = _transforms(targets)
    count, n = len(transforms), solver.chain.dof
    begin = solve.ANYWHERE if q_start is None else solve.START_FIRST
    starts = _starts(solver, q_start, count)
    threads = get_num_threads()
    rankings = np.tile(solver.ranking, (threads, 1))
    works = np.zeros((threads, solver.work.size))
    fields, joints = np.empty((count, solve.OUTCOME_WIDTH)), np.empty((count, n))
    for first in range(0, count, _PORTION):
        portion = slice(first, min(first + _PORTION, count))
        bad = batch.solve_many(
            solver.model,
            solver.limits,
            rankings,
            works,
            transforms[portion],
            starts if len(starts) == 1 else starts[portion],
            begin,
            fields[portion],
            joints[portion],
        )
        if bad >= 0:
            _refuse(solver, first + bad, transforms, starts)
        if progress is not None:
            progress(portion.stop, count)
    return SolutionBatch(
        joints,
        fields[:, solve.CODE].astype(np.int64),
        fields[:, solve.POSITION_ERROR],
        fields[:, solve.ROTATION_ERROR],
        fields[:, solve.ITERATIONS].astype(np.int64),
        fields[:, solve.RESTARTS].astype(np.int64),
        fields[:, solve.COST],
    )


def _transforms(targets: ArrayLike | Sequence[Pose]) -> NDArray[np.float64]:
    """Return the targets as (N, 4, 4), unchecked inside."""
    given: Any = targets
    if not isinstance(given, np.ndarray):
        given = [t.matrix if isinstance(t, Pose) else t for t in given]
    try:
        transforms = np.require(given, np.float64, ['C', 'W'])
    except (TypeError, ValueError) as error:
        raise TargetError('targets are not numeric transforms of one shape') from error
    if transforms.size == 0:
        return np.empty((0, 4, 4))
    if transforms.ndim != 3 or transforms.shape[1:] != (4, 4):
        raise TargetError(f'targets have the shape (N, 4, 4), not {transforms.shape}')
    return transforms


def _starts(solver: Solver, q_start: ArrayLike | None, count: int) -> NDArray[np.float64]:
    """Return the starts (N, n) or (1, n)."""
    n = solver.chain.dof
    start = solver.chain.middle if q_start is None else q_start
    try:
        starts = np.require(start, np.float64, ['C', 'W'])
    except (TypeError, ValueError) as error:
        raise TargetError('q_start is not numeric') from error
    if starts.shape not in ((n,), (count, n)):
        raise TargetError(f'q_start has the shape ({n},) or ({count}, {n}), not {starts.shape}')
    return starts.reshape(-1, n)


def _refuse(
    solver: Solver, index: int, transforms: NDArray[np.float64], starts: NDArray[np.float64]
) -> None:
    try:
        checked_transform(transforms[index])
    except TargetError as error:
        raise TargetError(f'target {index}: {error}') from error
    raise TargetError(f'q_start {starts[index % len(starts)].tolist()} is not finite')
