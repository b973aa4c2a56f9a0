"""Several tips at once: two arms on a torso, the legs of a spider."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.chain import Chain
from ik_gd.core.descent import SolverSettings
from ik_gd.core.errors import SettingsError, TargetError
from ik_gd.core.kernels import layout
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose, checked_transform
from ik_gd.core.solution import SolutionStatus
from ik_gd.core.urdf import UrdfTree, load_urdf_text, parse_urdf

Array = NDArray[np.float64]

_STATUS = (SolutionStatus.CONVERGED, SolutionStatus.STALLED, SolutionStatus.BUDGET_SPENT)


class MultiTipSolution(NamedTuple):
    """Joint positions for several tips, and how well they do.

    Attributes:
        q: (n,) [rad or m], inside the limits, in the order of MultiTipSolver.joint_names.
        status: CONVERGED when every tip is on its target; STALLED, AT_LIMIT or BUDGET_SPENT.
        position_errors: (K,) [m].
        rotation_errors: (K,) [rad].
        iterations: evaluations of the whole tree.
        restarts: descents begun after the first.
    """

    q: Array
    status: SolutionStatus
    position_errors: Array
    rotation_errors: Array
    iterations: int
    restarts: int

    @property
    def converged(self) -> bool:
        """Whether every tip is on its target."""
        return self.status is SolutionStatus.CONVERGED


class MultiTipSolver:
    """Brings several tips of one tree to their targets in one descent over the shared joints.

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
            tips: of each tip its link and what is asked of it.
            base_link: None for the root.
            settings: damping, step limit and budgets; other step rules are for single tips.

        Raises:
            UrdfError: no such links.
            SettingsError: no tips.
        """
        if not tips:
            raise SettingsError('tips is empty; name at least one (tip, objective)')
        tree = urdf if isinstance(urdf, UrdfTree) else parse_urdf(load_urdf_text(urdf)[0])
        self.chains = tuple(Chain.from_tree(tree, base_link, tip) for tip, _ in tips)
        self.objectives = tuple(objective for _, objective in tips)
        self.settings = SolverSettings() if settings is None else settings
        self.joint_names = tuple(dict.fromkeys(n for c in self.chains for n in c.joint_names))
        self.lower = self._common(-np.inf, np.maximum, 'lower')
        self.upper = self._common(np.inf, np.minimum, 'upper')
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
    ) -> MultiTipSolution:
        """Search joint positions that bring every tip to its target, with restarts.

        Args:
            targets: one per tip, a Pose or (4, 4) in the base frame.
            q_start: (n,) [rad or m] tried first; None for the middle of the limits.
            rng: varies the restarts; the same rng state gives the same result.

        Raises:
            TargetError: a target is not a rigid transform, or q_start not (n,) finite.
        """
        offset = 0.0 if rng is None else float(np.random.default_rng(rng).integers(1 << 20))
        each = self.settings.descent_iterations or 100
        descents = max(1, self.settings.max_iterations // each)
        return self._run(targets, q_start, self._limits, descents, each, offset)

    def track(
        self,
        targets: Sequence[Pose | ArrayLike],
        q_start: ArrayLike,
        lower: ArrayLike | None = None,
        upper: ArrayLike | None = None,
        iterations: int = 10,
    ) -> MultiTipSolution:
        """Go downhill from `q_start` only; arguments as for `solve` and `Solver.track`.

        Raises:
            TargetError: as for `solve`.
        """
        start = self._checked(q_start)
        box = np.stack(
            [
                np.minimum(self.lower, start) if lower is None else self._checked(lower),
                np.maximum(self.upper, start) if upper is None else self._checked(upper),
            ]
        )
        return self._run(targets, start, box, 1, iterations, 0.0)

    def forward(self, q: ArrayLike) -> list[Pose]:
        """Return the pose of every tip in the base frame at `q` (n,)."""
        joints = dict(zip(self.joint_names, self._checked(q), strict=True))
        return [c.forward([joints[name] for name in c.joint_names]) for c in self.chains]

    def _run(
        self,
        targets: Sequence[Pose | ArrayLike],
        q_start: ArrayLike | None,
        limits: Array,
        descents: int,
        budget: int,
        offset: float,
    ) -> MultiTipSolution:
        from ik_gd.core.kernels import tree  # compiled only for those who ask

        start = self._middle if q_start is None else self._checked(q_start)
        errors = np.zeros((len(self.chains), 6))
        code, q, iterations, restarts = tree.solve_tree(
            self._segments,
            self._ends,
            limits,
            self._ranges,
            self._tasks,
            self.settings.row,
            self._transforms(targets),
            np.clip(start, *limits),
            errors,
            descents,
            budget,
            offset,
        )
        status = _STATUS[code]
        at_limit = ((q <= limits[0]) | (q >= limits[1])).any()
        if status is SolutionStatus.STALLED and at_limit:
            status = SolutionStatus.AT_LIMIT
        return MultiTipSolution(
            q,
            status,
            np.linalg.norm(errors[:, :3], axis=1),
            np.linalg.norm(errors[:, 3:], axis=1),
            iterations,
            restarts,
        )

    def _transforms(self, targets: Sequence[Pose | ArrayLike]) -> Array:
        if len(targets) != len(self.chains):
            raise TargetError(
                f'{len(targets)} targets for {len(self.chains)} tips: '
                f'{", ".join(chain.tip_link for chain in self.chains)}'
            )
        return np.stack(
            [t.matrix if isinstance(t, Pose) else checked_transform(t) for t in targets]
        )

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
        for chain in self.chains:
            at = [self.joint_names.index(name) for name in chain.joint_names]
            limits[at] = narrower(limits[at], getattr(chain, side))
        return limits

    def _renumbered(self, chain: Chain) -> Array:
        """Return the chain's segments with joints counted in the whole tree."""
        segments = chain.segments.copy()
        for row in segments[:-1]:
            name = chain.joint_names[int(row[layout.SOURCE])]
            row[layout.SOURCE] = self.joint_names.index(name)
        return segments
