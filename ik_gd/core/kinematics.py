"""Where the tip is, and how it moves when a joint does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.errors import TargetError
from ik_gd.core.kernels import kinematics as kernels
from ik_gd.core.pose import Pose

if TYPE_CHECKING:
    from ik_gd.core.chain import Chain


def forward(chain: Chain, q: ArrayLike) -> Pose:
    """Return the pose of the tip in the base frame.

    Args:
        chain: the arm.
        q: (n,) joint positions [rad or m]; limits are not looked at.

    Raises:
        TargetError: `q` has another shape, or a NaN or infinite entry.
    """
    return Pose.from_matrix(kernels.forward(chain.segments, checked_joints(chain, q)))


def jacobian(chain: Chain, q: ArrayLike) -> NDArray[np.float64]:
    """Return the geometric Jacobian of the tip in the base frame.

    Args:
        chain: the arm.
        q: (n,) joint positions [rad or m].

    Returns:
        (6, n): linear rows [m/rad or 1], then angular rows [1 or 0].

    Raises:
        TargetError: `q` has another shape, or a NaN or infinite entry.
    """
    J: NDArray[np.float64] = kernels.jacobian(chain.segments, checked_joints(chain, q))
    return J


def checked_joints(chain: Chain, q: ArrayLike, name: str = 'q') -> NDArray[np.float64]:
    """Return `q` as a contiguous (n,) float64 array.

    Raises:
        TargetError: no numbers, another shape, a NaN or an infinity; names the joints.
    """
    try:
        joints = np.ascontiguousarray(q, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TargetError(f'{name} is not numeric: {q!r}') from error
    if joints.shape != (chain.dof,):
        raise TargetError(
            f'{name} has the shape {joints.shape}; the {chain.dof} joints are '
            f'{", ".join(chain.joint_names)}'
        )
    if not np.isfinite(joints).all():
        bad = [
            name
            for name, value in zip(chain.joint_names, joints, strict=True)
            if not np.isfinite(value)
        ]
        raise TargetError(f'{name} is NaN or infinite for {", ".join(bad)}')
    return joints
