"""Several tips at once: two arms on a torso, the legs of a spider."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.chain import Chain
from ik_gd.core.descent import SolverSettings
from ik_gd.core.errors import SettingsError, TargetError
from ik_gd.core.kernels import layout
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose, checked_transform
from ik_gd.core.refine import improve
from ik_gd.core.solution import STATUS_OF_CODE, MultiTipSolution, SolutionStatus
from ik_gd.core.urdf import UrdfTree, load_urdf_text, parse_urdf

Array = NDArray[np.float64]

__all__ = ['MultiTipSolution', 'MultiTipSolver']

_DESCENT = 100  # evaluations of one descent of a search, where the settings name no number
_EFFORTS = 40  # descents of the best effort
_NEAREST_DESCENTS = 200
_REFINEMENTS = 40  # steps that terms may take after a solve


class MultiTipSolver:
    """Brings several tips of one tree to their targets in one descent over the shared joints.

    What `Solver` is to one tip, over a list of (tip, objective).

    Attributes:
        joint_names: the n joints that move any of the tips.
        lower: (n,) [rad or m].
        upper: (n,) [rad or m].
        chains: the chain of each tip.
    """

    def __init__(
        self,
        urdf: str | Path | UrdfTree,
        tips: Sequence[tuple[str, Objective]],
        base_link: str | None = None,
        settings: SolverSettings | None = None,
    ) -> None:
        """Read the tree.

        Args:
            urdf: a path, the text, or a tree that is read already.
            tips: of each tip its link and what is asked of it; the terms of an objective see the
                joints between the base and its own tip.
            base_link: None for the root.
            settings: damping, step limit and budgets.

        Raises:
            UrdfError: no such links.
            SettingsError: no tips, or a step rule or gradient that is for single tips.
        """
        if not tips:
            raise SettingsError('tips is empty; name at least one (tip, objective)')
        self.settings = SolverSettings() if settings is None else settings
        if self.settings.step_rule != 'damped' or self.settings.gradient != 'exact':
            raise SettingsError(
                'several tips are solved by damped steps with the exact gradient, not by '
                f'{self.settings.step_rule} with {self.settings.gradient}'
            )
        tree = urdf if isinstance(urdf, UrdfTree) else parse_urdf(load_urdf_text(urdf)[0])
        self.chains = tuple(Chain.from_tree(tree, base_link, tip) for tip, _ in tips)
        self.objectives = tuple(objective for _, objective in tips)
        self.joint_names = tuple(dict.fromkeys(n for c in self.chains for n in c.joint_names))
        self._places = [
            np.array([self.joint_names.index(name) for name in chain.joint_names])
            for chain in self.chains
        ]
        self.lower = self._common(-np.inf, np.maximum, 'lower')
        self.upper = self._common(np.inf, np.minimum, 'upper')
        self._has_terms = any(objective.terms for objective in self.objectives)
        self._periods = self._common_periods()
        self._segments = np.concatenate([self._renumbered(chain) for chain in self.chains])
        self._ends = np.cumsum([0] + [len(chain.segments) for chain in self.chains])
        self._tasks = np.stack([objective.task for objective in self.objectives])
        self._limits = np.stack([self.lower, self.upper])
        with np.errstate(invalid='ignore'):
            middle = 0.5 * (self.lower + self.upper)
        self._middle = np.where(np.isfinite(middle), middle, 0.0)
        self._ranges = np.clip([self._middle - np.pi, self._middle + np.pi], *self._limits)

    def solve(
        self,
        targets: Sequence[Pose | ArrayLike],
        q_start: ArrayLike | None = None,
        rng: np.random.Generator | int | None = None,
        nearest: bool = False,
        expired: Callable[[], bool] | None = None,
    ) -> MultiTipSolution:
        """Search joint positions that bring every tip to its target, with restarts.

        Args:
            targets: one per tip, a Pose or (4, 4) in the base frame.
            q_start: (n,) [rad or m] tried first; None for the middle of the limits.
            rng: varies the restarts; the same rng state gives the same result.
            nearest: return, of the solutions that some hundred descents find, the one nearest to
                `q_start`, not the first.
            expired: asked between restarts whether to stop; for deadlines by one's own clock.

        Raises:
            TargetError: a target is not a rigid transform, or q_start not (n,) finite.
        """
        from ik_gd.core.kernels import tree_search  # compiled only for those who ask

        offset = 0.0 if rng is None else float(np.random.default_rng(rng).integers(1 << 20))
        each = self.settings.descent_iterations or _DESCENT
        descents = max(1, self.settings.max_iterations // each)
        transforms = self._transforms(targets)
        start = self._middle if q_start is None else self._checked(q_start)

        def run(mode: int, first: int, count: int) -> MultiTipSolution:
            return self._run(transforms, start, self._limits, mode, first, count, each, offset)

        if nearest or expired is not None:
            count = _NEAREST_DESCENTS if nearest else descents
            solution = self._one_by_one(run, start, count, nearest, expired)
        else:
            solution = run(tree_search.HASTY, 0, descents)
        if not solution.converged and (expired is None or not expired()):
            best = run(tree_search.PATIENT, 0, min(_EFFORTS, descents))
            spent, begun = solution.iterations + best.iterations, solution.restarts + best.restarts
            solution = (best if best.cost <= solution.cost else solution)._replace(
                iterations=spent, restarts=begun + 1
            )
        solution = solution._replace(q=self._unwound(solution.q, start))
        return self._refined(transforms, solution, start, self._limits, _REFINEMENTS)

    def track(
        self,
        targets: Sequence[Pose | ArrayLike],
        q_start: ArrayLike,
        lower: ArrayLike | None = None,
        upper: ArrayLike | None = None,
        iterations: int = 10,
        max_step: float | None = None,
    ) -> MultiTipSolution:
        """Go downhill from `q_start` only; arguments as for `solve` and `Solver.track`.

        Raises:
            TargetError: as for `solve`, or bounds that exclude each other.
        """
        from ik_gd.core.kernels import tree_search

        start = self._checked(q_start)
        box = np.stack(
            [
                np.minimum(self.lower, start) if lower is None else self._checked(lower),
                np.maximum(self.upper, start) if upper is None else self._checked(upper),
            ]
        )
        if max_step is not None:
            box[0] = np.maximum(box[0], np.minimum(start - max_step, box[1]))
            box[1] = np.minimum(box[1], np.maximum(start + max_step, box[0]))
        if not (box[0] <= box[1]).all():
            raise TargetError(
                f'bounds exclude each other: lower {box[0].tolist()}, upper {box[1].tolist()}'
            )
        transforms = self._transforms(targets)
        solution = self._run(transforms, start, box, tree_search.TRACK, 0, 1, iterations, 0.0)
        return self._refined(transforms, solution, start, box, 1)

    def forward(self, q: ArrayLike) -> list[Pose]:
        """Return the pose of every tip in the base frame at `q` (n,)."""
        joints = dict(zip(self.joint_names, self._checked(q), strict=True))
        return [c.forward([joints[name] for name in c.joint_names]) for c in self.chains]

    def _run(
        self,
        transforms: Array,
        start: Array,
        limits: Array,
        mode: int,
        first: int,
        descents: int,
        budget: int,
        offset: float,
    ) -> MultiTipSolution:
        """Run the kernel and wrap what it found; arguments as for tree_search.solve_tree."""
        from ik_gd.core.kernels import tree_search

        errors = np.zeros((len(self.chains), 6))
        code, q, cost, iterations, begun = tree_search.solve_tree(
            self._segments,
            self._ends,
            limits,
            self._ranges,
            self._tasks,
            self.settings.row,
            transforms,
            np.clip(start, *limits),
            errors,
            mode,
            first,
            descents,
            budget,
            offset,
        )
        status = STATUS_OF_CODE[code]
        if status is not SolutionStatus.CONVERGED and self._is_far(transforms):
            status = SolutionStatus.OUT_OF_REACH
        return MultiTipSolution(
            q,
            status,
            np.linalg.norm(errors[:, :3], axis=1),
            np.linalg.norm(errors[:, 3:], axis=1),
            iterations,
            begun - 1,
            cost,
        )

    def _one_by_one(
        self,
        run: Callable[[int, int, int], MultiTipSolution],
        start: Array,
        count: int,
        nearest: bool,
        expired: Callable[[], bool] | None,
    ) -> MultiTipSolution:
        """Return the nearest solution, or the first, or the best when the time is up."""
        from ik_gd.core.kernels import tree_search

        found: list[MultiTipSolution] = []
        spent = 0
        for descent in range(count):
            solution = run(tree_search.HASTY, descent, 1)
            spent += solution.iterations
            found.append(solution)
            if (solution.converged and not nearest) or (expired is not None and expired()):
                break

        def merit(solution: MultiTipSolution) -> tuple[bool, float]:
            away = float(np.linalg.norm(self._unwound(solution.q, start) - start))
            return not solution.converged, away if solution.converged else solution.cost

        return min(found, key=merit)._replace(iterations=spent, restarts=len(found) - 1)

    def _refined(
        self,
        transforms: Array,
        solution: MultiTipSolution,
        q_previous: Array,
        limits: Array,
        iterations: int,
    ) -> MultiTipSolution:
        if not self._has_terms:
            return solution
        return improve(_Tips(self, transforms, q_previous), solution, limits, iterations)

    def _is_far(self, transforms: Array) -> bool:
        """Say whether a target is farther from the base of its chain than any tip can be."""
        for chain, T in zip(self.chains, transforms, strict=True):
            if np.linalg.norm(T[:3, 3] - chain.segments[0, layout.TRANSLATION]) > chain.reach:
                return True
        return False

    def _unwound(self, q: Array, q_near: Array) -> Array:
        """Return `q` with whole turns undone towards `q_near`, inside the limits."""
        turns = np.where(self._periods > 0.0, np.rint((q_near - q) / (2.0 * np.pi)), 0.0)
        turned = q + turns * self._periods
        turned += self._periods * ((turned < self.lower) - 1.0 * (turned > self.upper))
        fits = (turned >= self.lower) & (turned <= self.upper)
        return np.where(fits, turned, q)

    def _common_periods(self) -> Array:
        """Return 2 pi for the joints that a whole turn brings back to the same poses, else 0."""
        periods = np.full(len(self.joint_names), 2.0 * np.pi)
        for chain, places in zip(self.chains, self._places, strict=True):
            for row in chain.segments[:-1]:
                if row[layout.PRISMATIC] or row[layout.MULTIPLIER] % 1.0:
                    periods[places[int(row[layout.SOURCE])]] = 0.0
        return periods

    def _transforms(self, targets: Sequence[Pose | ArrayLike]) -> Array:
        if len(targets) != len(self.chains):
            raise TargetError(
                f'{len(targets)} targets for {len(self.chains)} tips: '
                f'{", ".join(chain.tip_link for chain in self.chains)}'
            )
        return np.stack(
            [t.matrix if isinstance(t, Pose) else checked_transform(t) for t in targets]
        ).astype(np.float64)

    def _checked(self, q: ArrayLike) -> Array:
        joints = np.array(q, dtype=np.float64)
        if joints.shape != self.lower.shape or not np.isfinite(joints).all():
            raise TargetError(
                f'joint positions are {self.lower.shape} finite numbers, for '
                f'{", ".join(self.joint_names)}; not {q!r}'
            )
        return joints

    def _common(self, start: float, narrower: np.ufunc, side: str) -> Array:
        limits = np.full(len(self.joint_names), start)
        for chain, at in zip(self.chains, self._places, strict=True):
            limits[at] = narrower(limits[at], getattr(chain, side))
        return limits

    def _renumbered(self, chain: Chain) -> Array:
        """Return the chain's segments with joints counted in the whole tree."""
        segments = chain.segments.copy()
        for row in segments[:-1]:
            name = chain.joint_names[int(row[layout.SOURCE])]
            row[layout.SOURCE] = self.joint_names.index(name)
        return segments


class _Tips:
    """The question that a MultiTipSolver is asked, as terms see it; see refine.Question."""

    def __init__(self, solver: MultiTipSolver, transforms: Array, q_previous: Array) -> None:
        self._solver, self._transforms, self._q_previous = solver, transforms, q_previous

    def value(self, q: Array) -> float:
        total = 0.0
        for chain, objective, at in self._parts():
            for term in objective.terms:
                total += term.value(chain, q[at], self._q_previous[at])
        return total

    def slope(self, q: Array) -> Array:
        total = np.zeros(q.size)
        for chain, objective, at in self._parts():
            for term in objective.terms:
                total[at] += term.gradient(chain, q[at], self._q_previous[at])
        return total

    def columns(self, q: Array) -> Array:
        from ik_gd.core.kernels import tree_search

        s = self._solver
        columns: Array = tree_search.tree_columns(
            s._segments, s._ends, s._tasks, self._transforms, q
        )
        return columns

    def descend(self, q: Array, lower: Array, upper: Array, iterations: int) -> MultiTipSolution:
        box = np.stack([lower, upper])
        return self._solver._run(self._transforms, q, box, 0, 0, 1, iterations, 0.0)

    def _parts(self) -> Iterator[tuple[Chain, Objective, NDArray[np.int64]]]:
        s = self._solver
        yield from zip(s.chains, s.objectives, s._places, strict=True)
