"""What "on target" means: which errors of the tip count, how much, and how small they must be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.errors import SettingsError
from ik_gd.core.kernels import layout
from ik_gd.core.terms import Term

DEFAULT_TOLERANCE = 1e-5  # [m] and [rad]

Frame = Literal['base', 'tip']


@dataclass(frozen=True, eq=False)
class Objective:
    """The cost 1/2 sum (weight * error)^2 over six errors, and the tolerance of each.

    The errors are the tip's distance from the target along x, y, z [m] and the rotation vector
    that is left to turn [rad]. A weight of 0 leaves a direction free. An infinite tolerance means
    "as near as the others allow": the error is lowered but never asked to vanish.

    Make one with `pose`, `position` or `position_and_axis`.

    Attributes:
        weights: (6,) [1/m, 1/rad] position, then rotation.
        tolerances: (6,) [m, rad].
        frame: 'base' or 'tip': along whose axes weights and tolerances are meant.
        tip_axis: (3,) unit vector in the tip's frame, or None where all rotations count.
        cone: [rad] how far `tip_axis` may lean from the target's.
        terms: costs that act where the errors leave a choice, see `with_terms`.
    """

    weights: NDArray[np.float64]
    tolerances: NDArray[np.float64]
    frame: Frame = 'base'
    tip_axis: NDArray[np.float64] | None = None
    cone: float = 0.0
    terms: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        for array in (self.weights, self.tolerances):
            array.flags.writeable = False
        if not np.isfinite(self.weights).all() or (self.weights < 0.0).any():
            raise SettingsError(f'weights are finite and >= 0, not {self.weights.tolist()}')
        if not self.weights.any():
            raise SettingsError('all weights are 0: nothing is asked')
        if not (self.tolerances > 0.0).all():
            raise SettingsError(f'tolerances are > 0, not {self.tolerances.tolist()}')
        if self.frame not in ('base', 'tip'):
            raise SettingsError(f"frame is 'base' or 'tip', not {self.frame!r}")
        if not 0.0 <= self.cone < np.pi:
            raise SettingsError(f'cone is an angle in [0, pi), not {self.cone!r}')

    @classmethod
    def pose(
        cls,
        position_weight: ArrayLike = 1.0,
        rotation_weight: ArrayLike = 1.0,
        position_tolerance: ArrayLike = DEFAULT_TOLERANCE,
        rotation_tolerance: ArrayLike = DEFAULT_TOLERANCE,
        frame: Frame = 'base',
    ) -> Objective:
        """Ask for position and orientation. Every argument is one number or three.

        Raises:
            SettingsError: a negative weight, a tolerance that is not positive, a wrong shape.
        """
        return cls(
            _six(position_weight, rotation_weight, 'weight'),
            _six(position_tolerance, rotation_tolerance, 'tolerance'),
            frame,
        )

    @classmethod
    def position(
        cls,
        weight: ArrayLike = 1.0,
        tolerance: ArrayLike = DEFAULT_TOLERANCE,
        frame: Frame = 'base',
    ) -> Objective:
        """Ask for the position; any orientation will do.

        Raises:
            SettingsError: as for `pose`.
        """
        return cls.pose(weight, 0.0, tolerance, np.inf, frame)

    @classmethod
    def position_and_axis(
        cls,
        tip_axis: ArrayLike = (0.0, 0.0, 1.0),
        position_weight: ArrayLike = 1.0,
        axis_weight: float = 1.0,
        position_tolerance: ArrayLike = DEFAULT_TOLERANCE,
        axis_tolerance: float = DEFAULT_TOLERANCE,
        cone: float = 0.0,
    ) -> Objective:
        """Ask for the position and for the direction of one axis of the tip; its roll is free.

        Args:
            tip_axis: (3,) in the tip's frame; it is to point where the target's own does.
            position_weight: one number or three.
            axis_weight: of the angle between the two axes.
            position_tolerance: [m] one number or three.
            axis_tolerance: [rad].
            cone: [rad] the axis may lean this far from the target's at no cost.

        Raises:
            SettingsError: as for `pose`, or an axis without direction.
        """
        axis = np.array(tip_axis, dtype=np.float64)
        if axis.shape != (3,) or not np.isfinite(axis).all() or not axis.any():
            raise SettingsError(f'tip_axis is a direction (3,), not {tip_axis!r}')
        axis /= np.linalg.norm(axis)
        axis.flags.writeable = False
        return cls(
            _six(position_weight, axis_weight, 'weight'),
            _six(position_tolerance, axis_tolerance, 'tolerance'),
            'base',
            axis,
            cone,
        )

    def with_terms(self, *terms: Term) -> Objective:
        """Return the same objective with costs that act in what it leaves free; see terms.py."""
        return replace(self, terms=(*self.terms, *terms))

    @cached_property
    def task(self) -> NDArray[np.float64]:
        """The row of kernels/layout.py that tells the kernels all this."""
        row = np.zeros(layout.TASK_WIDTH)
        row[layout.KIND] = layout.POSE if self.tip_axis is None else layout.AXIS
        row[layout.UNIFORM] = (
            np.ptp(self.weights[:3]) == 0.0
            and np.ptp(self.weights[3:]) == 0.0
            and np.all(self.tolerances[:3] == self.tolerances[0])
            and np.all(self.tolerances[3:] == self.tolerances[3])
        )
        row[layout.IN_TIP_FRAME] = self.frame == 'tip' and not row[layout.UNIFORM]
        row[layout.WEIGHTS : layout.WEIGHTS + 6] = self.weights
        row[layout.TOLERANCES : layout.TOLERANCES + 6] = self.tolerances
        if self.tip_axis is not None:
            row[layout.TIP_AXIS : layout.TIP_AXIS + 3] = self.tip_axis
        row[layout.CONE] = self.cone
        row.flags.writeable = False
        return row


def _six(position: ArrayLike, rotation: ArrayLike, what: str) -> NDArray[np.float64]:
    """Return (6,) from two values that are one number or three each."""
    parts = []
    for name, value in (('position', position), ('rotation', rotation)):
        try:
            parts.append(np.broadcast_to(np.asarray(value, dtype=np.float64), (3,)))
        except (TypeError, ValueError) as error:
            raise SettingsError(
                f'the {name} {what} is one number or three, not {value!r}'
            ) from error
    return np.concatenate(parts)
