"""One target in, joint positions out: the public door to the descent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.batch import Progress, SolutionBatch, solve_batch
from ik_gd.core.branches import solve_all, solve_until
from ik_gd.core.chain import Chain
from ik_gd.core.descent import SolverSettings
from ik_gd.core.errors import TargetError
from ik_gd.core.kernels import layout, seeds, solve
from ik_gd.core.kernels import model as packing
from ik_gd.core.kinematics import checked_joints
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose, checked_transform
from ik_gd.core.refine import refine
from ik_gd.core.solution import STATUS_OF_CODE, Solution, SolutionStatus

__all__ = ['Solution', 'SolutionStatus', 'Solver', 'SolverSettings']

NEAREST_DESCENTS = 200
REFINEMENTS = 40  # steps that terms may take after a solve


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
        n, m = chain.dof, chain.segments.shape[0] - 1
        self._middle = chain.middle
        self._kernel, size = _kernel_for(self.settings, m, n)
        self.work = np.zeros(size)
        self._found = self.work[:n]
        self.limits = np.stack([chain.lower, chain.upper])
        self._box = self.limits.copy()
        self._low, self._high = self._box
        searched = _search_task(self.objective, chain)
        samples = np.empty((self.settings.samples, n))
        self.ranking = np.empty(seeds.ranking_size(self.settings.samples), np.float32)
        seeds.fill_samples(chain.segments, _ranges(chain), searched, samples, self.ranking)
        row = self.settings.row
        row[layout.REACH] = chain.reach
        self._periods = _periods(chain)
        self.model = packing.pack(
            chain.segments,
            self.limits,
            self.objective.task,
            searched,
            row,
            self._periods,
            samples,
        )
        self.samples, self.searched = samples, searched
        self._variation = packing.settings_of(self.model)[layout.VARIATION :]
        self._warm_up()

    def solve(
        self,
        target: Pose | ArrayLike,
        q_start: ArrayLike | None = None,
        rng: np.random.Generator | int | None = None,
        nearest: bool = False,
        expired: Callable[[], bool] | None = None,
    ) -> Solution:
        """Search joint positions that bring the tip to `target`, with restarts.

        Args:
            target: where the tip is to be, in the base frame: a Pose or (4, 4).
            q_start: (n,) [rad or m] tried first; None to begin where success is likely.
            rng: varies the restarts; the same rng state gives bit-identical results.
            nearest: return, of the solutions that some hundred descents find, the one nearest to
                `q_start`, not the first: a hundred times slower.
            expired: asked between restarts whether to stop; for deadlines by one's own clock.

        Raises:
            TargetError: the target is not a finite rigid transform, or q_start not (n,) finite.
        """
        T: Any = target.matrix if type(target) is Pose else target
        if rng is None and not nearest and expired is None and not self.objective.terms:
            if q_start is None:
                return self._call(self.limits, T, self._middle, solve.ANYWHERE, 0)
            return self._call(self.limits, T, q_start, solve.START_FIRST, 0)
        return self._solve_with_options(T, q_start, rng, nearest, expired)

    def _solve_with_options(
        self,
        target: ArrayLike,
        q_start: ArrayLike | None,
        rng: np.random.Generator | int | None,
        nearest: bool,
        expired: Callable[[], bool] | None,
    ) -> Solution:
        """Do what `solve` promises, where it is more than one call of the kernel."""
        begin = solve.ANYWHERE if q_start is None else solve.START_FIRST
        target, start = self._as_arrays(target, self._middle if q_start is None else q_start)
        if rng is not None:
            self._variation[0] = np.random.default_rng(rng).uniform(1.0, 2.0)
        try:
            found: list[Solution] = []
            if nearest:
                found = solve_all(self, target, start, NEAREST_DESCENTS, 1e-3, expired)
            if found:
                solution = found[0]
            elif expired is not None:
                solution = solve_until(self, target, start, self.settings.samples, expired)
            else:
                solution = self._call(self.limits, target, start, begin, 0)
        finally:
            self._variation[0] = 0.0
        if self.objective.terms:
            solution = refine(self, target, solution, start, self.limits, REFINEMENTS)
        return solution

    def solve_all(
        self,
        target: Pose | ArrayLike,
        q_start: ArrayLike | None = None,
        descents: int = 200,
        separation: float = 0.1,
        expired: Callable[[], bool] | None = None,
    ) -> list[Solution]:
        """Return the distinct solutions that many descents find, the nearest to the start first.

        An arm with more joints than its task needs has endlessly many; some are returned.

        Args:
            target: where the tip is to be, in the base frame: a Pose or (4, 4).
            q_start: (n,) [rad or m] from where distances are meant; None: the middle.
            descents: how many to try.
            separation: [rad or m] two solutions differ by more than this in some joint.
            expired: asked between descents whether to stop.

        Raises:
            TargetError: as for `solve`.
        """
        start = self._middle if q_start is None else q_start
        return solve_all(self, *self._as_arrays(target, start), descents, separation, expired)

    def solve_batch(
        self,
        targets: ArrayLike | Sequence[Pose],
        q_start: ArrayLike | None = None,
        progress: Progress | None = None,
    ) -> SolutionBatch:
        """Solve many targets over all cores, each as `solve` would.

        Args:
            targets: (N, 4, 4) or N poses.
            q_start: (n,) or (N, n) [rad or m] tried first; None for the nearest samples.
            progress: called with (done, N) now and then.

        Raises:
            TargetError: a target or start cannot be used; the message says which.
        """
        return solve_batch(self, targets, q_start, progress)

    def track(
        self,
        target: Pose | ArrayLike,
        q_start: ArrayLike,
        lower: ArrayLike | None = None,
        upper: ArrayLike | None = None,
        iterations: int = 10,
        max_step: float | None = None,
    ) -> Solution:
        """Go downhill from `q_start` only: what a control tick needs. No restart, no jump.

        Args:
            target: where the tip is to be, in the base frame: a Pose or (4, 4).
            q_start: (n,) [rad or m].
            lower: (n,) bounds for this call; None for the limits, widened to hold `q_start`.
            upper: (n,) likewise.
            iterations: forward kinematics to spend at most.
            max_step: [rad or m] no joint moves further, whatever the target: near a singularity
                the tip then lags and the arm does not jump.

        Returns:
            A solution inside [lower, upper], and never of a higher cost than `q_start` clipped to
            them.

        Raises:
            TargetError: as for `solve`, or bounds that are NaN or exclude each other.
        """
        T: Any = target.matrix if type(target) is Pose else target
        try:
            self._bound(q_start, lower, upper, max_step)
        except (TypeError, ValueError):  # no array of numbers: rare, and slower
            T, q_start = self._as_arrays(T, q_start)
            self._bound(q_start, lower, upper, max_step)
        solution = self._call(self._box, T, q_start, solve.START_ONLY, iterations)
        if self.objective.terms:
            T, start = self._as_arrays(T, q_start)
            solution = refine(self, T, solution, start, self._box.copy(), 1)
        return solution

    def _bound(
        self,
        start: Any,
        lower: ArrayLike | None,
        upper: ArrayLike | None,
        max_step: float | None,
    ) -> None:
        """Set the bounds of a call of `track`, see there."""
        low, high = self._low, self._high
        if lower is None:
            np.minimum(self.chain.lower, start, out=low)
        else:
            _copy(lower, low)
        if upper is None:
            np.maximum(self.chain.upper, start, out=high)
        else:
            _copy(upper, high)
        if max_step is not None:
            np.maximum(low, np.minimum(start - max_step, high), out=low)
            np.minimum(high, np.maximum(start + max_step, low), out=high)

    def descend_only(
        self,
        target: NDArray[np.float64],
        q_start: NDArray[np.float64],
        lower: NDArray[np.float64],
        upper: NDArray[np.float64],
        iterations: int,
    ) -> Solution:
        """As `track` with bounds, for callers in this package: unchecked, and without terms."""
        self._low[:], self._high[:] = lower, upper
        return self._call(self._box, target, q_start, solve.START_ONLY, iterations)

    def unwound(self, q: NDArray[np.float64], q_near: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `q` with whole turns undone towards `q_near`, inside the limits."""
        turns = np.where(self._periods > 0.0, np.rint((q_near - q) / (2.0 * np.pi)), 0.0)
        turned = q + turns * self._periods
        turned += self._periods * ((turned < self.limits[0]) - 1.0 * (turned > self.limits[1]))
        fits = (turned >= self.limits[0]) & (turned <= self.limits[1])
        return np.where(fits, turned, q)

    def _call(
        self,
        limits: NDArray[np.float64],
        target: ArrayLike,
        start: ArrayLike,
        begin: int,
        budget: int,
    ) -> Solution:
        """Run the kernel and wrap what it found; arguments as for solve.solve."""
        try:
            code, position, rotation, iterations, restarts, cost = self._kernel(
                self.model, limits, self.ranking, self.work, target, start, begin, budget
            )
        except TypeError:  # not float64 in C order: rare, and slower
            target, start = self._as_arrays(target, start)
            code, position, rotation, iterations, restarts, cost = self._kernel(
                self.model, limits, self.ranking, self.work, target, start, begin, budget
            )
        if code < 0:
            self._explain(code, target, start)
        status = STATUS_OF_CODE[code]
        q = self._found.copy()
        return _new(Solution, (q, status, position, rotation, iterations, restarts, cost))

    def _as_arrays(
        self, target: Pose | ArrayLike, q: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return both as writable float64 arrays in C order, as the kernels are compiled for."""
        if isinstance(target, Pose):
            target = target.matrix
        return (
            np.require(checked_transform(target), np.float64, ['C', 'W']),
            np.require(checked_joints(self.chain, q, 'q_start'), np.float64, ['C', 'W']),
        )

    def _explain(self, code: int, target: ArrayLike, start: ArrayLike) -> None:
        """Raise the error that says why the kernel refused its input."""
        if code == solve.BAD_TARGET:
            checked_transform(target)
            raise TargetError(f'the target is not a rigid transform: {target!r}')
        if code == solve.BAD_START:
            checked_joints(self.chain, start, 'q_start')
        raise TargetError(
            f'bounds exclude each other: lower {self._box[0].tolist()}, '
            f'upper {self._box[1].tolist()}'
        )

    def _warm_up(self) -> None:
        """Compile the kernel, or load it, for the one form of arguments it is to take."""
        self._kernel.disable_compile(False)
        self._call(self.limits, np.eye(4), self._middle, solve.START_ONLY, 1)
        self._kernel.disable_compile()


_new = tuple.__new__  # a named tuple's own constructor takes twice as long


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


def _ranges(chain: Chain) -> NDArray[np.float64]:
    """Return between which joint positions (2, n) restarts begin.

    A joint that can make more than a full turn needs no more than the turn in the middle of its
    range, where no limit is near. A prismatic joint without limits is tried within a metre.
    """
    unlimited = ~np.isfinite(chain.upper - chain.lower)
    reach = np.where(chain.is_prismatic, np.where(unlimited, 1.0, np.inf), np.pi)
    return np.stack(
        [
            np.maximum(chain.lower, chain.middle - reach),
            np.minimum(chain.upper, chain.middle + reach),
        ]
    )


def _copy(values: ArrayLike, out: NDArray[np.float64]) -> None:
    try:
        out[:] = values
    except (TypeError, ValueError) as error:
        raise TargetError(f'bounds are ({out.size},) numbers, not {values!r}') from error


def _kernel_for(settings: SolverSettings, m: int, n: int) -> tuple[Any, int]:
    """Return the compiled function that follows the step rule, and the work space it needs."""
    size = solve.work_size(m, n)
    if settings.step_rule == 'damped':
        return solve.solve, size
    from ik_gd.core.kernels import rules  # compiled only when asked for

    return rules.solve_by_rule, size + rules.history_size(n)


def _periods(chain: Chain) -> NDArray[np.float64]:
    """Return 2 pi for the joints that a whole turn brings back to the same pose, else 0."""
    periods = np.where(chain.is_prismatic, 0.0, 2.0 * np.pi)
    for row in chain.segments[:-1]:
        if row[layout.PRISMATIC] or row[layout.MULTIPLIER] % 1.0:
            periods[int(row[layout.SOURCE])] = 0.0
    return periods
