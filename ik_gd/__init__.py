"""Gradient-descent inverse kinematics that drives real and simulated arms.

The public names are loaded on first use, so that a program that needs only the servo bus does
not pay for the compiled kernels.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ik_gd.core.batch import SolutionBatch
    from ik_gd.core.chain import Chain
    from ik_gd.core.descent import SolverSettings
    from ik_gd.core.errors import IkGdError
    from ik_gd.core.follower import Follower, FollowerSettings
    from ik_gd.core.multi_tip import MultiTipSolver
    from ik_gd.core.objective import Objective
    from ik_gd.core.pose import Pose
    from ik_gd.core.solution import Solution, SolutionStatus
    from ik_gd.core.solver import Solver

__version__ = '0.1.0'

_HOMES = {
    'Chain': 'chain',
    'Follower': 'follower',
    'FollowerSettings': 'follower',
    'IkGdError': 'errors',
    'MultiTipSolver': 'multi_tip',
    'Objective': 'objective',
    'Pose': 'pose',
    'Solution': 'solution',
    'SolutionBatch': 'batch',
    'SolutionStatus': 'solution',
    'Solver': 'solver',
    'SolverSettings': 'descent',
}

__all__ = [
    'Chain',
    'Follower',
    'FollowerSettings',
    'IkGdError',
    'MultiTipSolver',
    'Objective',
    'Pose',
    'Solution',
    'SolutionBatch',
    'SolutionStatus',
    'Solver',
    'SolverSettings',
]


def __getattr__(name: str) -> Any:
    """Import the module that defines the public `name`."""
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'ik_gd.core.{_HOMES[name]}'), name)


def __dir__() -> list[str]:
    return [*__all__, '__version__']
