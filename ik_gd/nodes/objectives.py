"""The parameters that say what "on target" means, and the solver that they make."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ik_gd.core.chain import Chain
from ik_gd.core.errors import SettingsError
from ik_gd.core.objective import Objective
from ik_gd.core.solver import Solver
from ik_gd.nodes.parameters import Parameter

_FULL_POSE = 6  # joints that can reach any pose around them
# [m/rad] for arms with fewer joints: an orientation that is half a radian out of their power
# then shifts the tip by some hundredths of a millimetre.
_POSITION_FIRST = 0.003

OBJECTIVES = (
    Parameter(
        'objective',
        'auto',
        'what is brought to the target: pose, position alone, position_and_axis (any roll '
        'about tip_axis), or auto: the pose with six joints or more, else position first and '
        'the orientation as far as the remaining freedom allows',
        choices=('auto', 'pose', 'position', 'position_and_axis'),
    ),
    Parameter(
        'rotation_weight',
        0.0,
        'what a radian of rotation counts for beside a metre; 0 for what suits the objective',
        'm/rad',
        0.0,
        100.0,
    ),
    Parameter(
        'tip_axis',
        [0.0, 0.0, 1.0],
        'axis of the tip frame that position_and_axis points as the target does',
        item=float,
    ),
)


@dataclass(frozen=True)
class ObjectiveSettings:
    """What "on target" means; see OBJECTIVES."""

    objective: str = 'auto'
    rotation_weight: float | None = None
    tip_axis: tuple[float, ...] = (0.0, 0.0, 1.0)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> ObjectiveSettings:
        """Take the rows of OBJECTIVES out of all of a node's parameters.

        Raises:
            SettingsError: tip_axis is not a direction.
        """
        axis = tuple(values['tip_axis'])
        if len(axis) != 3 or not any(axis):
            raise SettingsError(f'tip_axis: {list(axis)} is not a direction x, y, z')
        return cls(values['objective'], values['rotation_weight'] or None, axis)

    def is_position_first(self, chain: Chain) -> bool:
        """Whether the orientation is only to be as near as the position allows."""
        return self.objective == 'auto' and chain.dof < _FULL_POSE

    def make(self, chain: Chain) -> Objective:
        """Return the objective for an arm."""
        if self.objective == 'position':
            return Objective.position()
        if self.objective == 'position_and_axis':
            return Objective.position_and_axis(self.tip_axis, axis_weight=self._weight(1.0))
        if self.is_position_first(chain):
            weight = self._weight(_POSITION_FIRST)
            return Objective.pose(rotation_weight=weight, rotation_tolerance=math.inf)
        return Objective.pose(rotation_weight=self._weight(1.0))

    def _weight(self, usual: float) -> float:
        return usual if self.rotation_weight is None else self.rotation_weight


def make_solver(chain: Chain, settings: ObjectiveSettings | None = None) -> Solver:
    """Return the solver for an arm."""
    return Solver(chain, (settings or ObjectiveSettings()).make(chain))
