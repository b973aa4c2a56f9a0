"""What the benchmark asks of a solver: ours and every peer stand behind this one interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from ik_gd.benchmark.arms import BenchArm

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """What a solver says. `q` is None when it has nothing to offer.

    Attributes:
        q: (n,) [rad or m].
        claims: whether the solver says that it reached the target; the benchmark judges itself.
        iterations: None where the solver does not tell.
        searches: started descents, None where the solver does not tell.
    """

    q: Array | None
    claims: bool
    iterations: int | None = None
    searches: int | None = None


class UnsupportedArm(Exception):  # noqa: N818  a fact about a peer, not a fault
    """The solver cannot be given such an arm; the message says why."""


class Peer(Protocol):
    """One solver, set up for one arm.

    Attributes:
        name: what tables call it.
        max_targets: how many targets of a run it is given; slow solvers get the first few.
    """

    name: ClassVar[str]
    max_targets: ClassVar[int | None]

    def __init__(self, arm: BenchArm) -> None:
        """Set the solver up; UnsupportedArm if it cannot have this arm."""

    def prepare(self, target: Array, q_start: Array) -> Any:
        """Put a problem into the solver's own types; not timed."""

    def solve(self, problem: Any) -> Any:
        """Solve it; timed."""

    def answer(self, raw: Any) -> Answer:
        """Read what `solve` returned; not timed."""
