"""A rigid pose: where a frame is, seen from another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from transforms3d.quaternions import mat2quat, quat2mat

from ik_gd.core.errors import TargetError

_ROTATION_TOLERANCE = 1e-6
_UNIT_TOLERANCE = 1e-2


@dataclass(frozen=True, eq=False)
class Pose:
    """Position and orientation of a frame in its parent frame.

    Both arrays are copies, float64 and read-only. The quaternion is scaled to unit length.

    Attributes:
        position: (3,) [m].
        quaternion_xyzw: (4,), scalar last as in ROS messages.

    Raises:
        TargetError: a value is NaN or infinite, a shape is wrong, or the quaternion's length
            is not 1 within a hundredth.
    """

    position: NDArray[np.float64]
    quaternion_xyzw: NDArray[np.float64]

    def __init__(
        self, position: ArrayLike, quaternion_xyzw: ArrayLike = (0.0, 0.0, 0.0, 1.0)
    ) -> None:
        p = _finite_vector(position, 3, 'position')
        q = _finite_vector(quaternion_xyzw, 4, 'quaternion_xyzw')
        length = float(np.linalg.norm(q))
        if abs(length - 1.0) > _UNIT_TOLERANCE:
            raise TargetError(
                f'quaternion_xyzw {q.tolist()} has length {length:g}; a rotation needs length 1'
            )
        q /= length
        p.flags.writeable = False
        q.flags.writeable = False
        object.__setattr__(self, 'position', p)
        object.__setattr__(self, 'quaternion_xyzw', q)

    @classmethod
    def identity(cls) -> Pose:
        """Return the pose of a frame that coincides with its parent."""
        return cls(np.zeros(3))

    @classmethod
    def from_matrix(cls, transform: ArrayLike) -> Pose:
        """Return the pose of a homogeneous transform.

        Args:
            transform: (4, 4), translation in [m].

        Raises:
            TargetError: the shape, a NaN, the last row, or a rotation part that is not
                orthonormal and right-handed within 1e-6.
        """
        T = checked_transform(transform)
        w, x, y, z = mat2quat(T[:3, :3])
        return cls(T[:3, 3], (x, y, z, w))

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The homogeneous transform (4, 4), translation in [m]."""
        x, y, z, w = self.quaternion_xyzw
        T = np.eye(4)
        T[:3, :3] = quat2mat((w, x, y, z))
        T[:3, 3] = self.position
        return T

    def __matmul__(self, other: Pose) -> Pose:
        """Return the pose of `other`'s frame, given in this frame, in this frame's parent."""
        if not isinstance(other, Pose):
            return NotImplemented
        return Pose.from_matrix(self.matrix @ other.matrix)

    def inverse(self) -> Pose:
        """Return the pose of the parent in this frame."""
        T = np.eye(4)
        T[:3, :3] = self.matrix[:3, :3].T
        T[:3, 3] = -T[:3, :3] @ self.position
        return Pose.from_matrix(T)


def checked_transform(transform: ArrayLike) -> NDArray[np.float64]:
    """Return `transform` as a (4, 4) float64 array, or say why it is not a rigid transform.

    Raises:
        TargetError: the shape, a NaN, the last row, or a rotation part that is not orthonormal
            and right-handed within 1e-6.
    """
    T = _as_float_array(transform, 'transform')
    if T.shape != (4, 4):
        raise TargetError(f'a transform has the shape (4, 4), not {T.shape}')
    if not np.isfinite(T).all():
        raise TargetError(f'the transform has a NaN or infinite entry: {T.tolist()}')
    R = T[:3, :3]
    if np.abs(T[3] - (0.0, 0.0, 0.0, 1.0)).max() > _ROTATION_TOLERANCE:
        raise TargetError(f'the last row of a transform is [0, 0, 0, 1], not {T[3].tolist()}')
    if np.abs(R.T @ R - np.eye(3)).max() > _ROTATION_TOLERANCE or np.linalg.det(R) < 0.0:
        raise TargetError(
            f'the rotation part is not orthonormal and right-handed within {_ROTATION_TOLERANCE:g}'
            f': {R.tolist()}'
        )
    return T


def _finite_vector(values: ArrayLike, size: int, name: str) -> NDArray[np.float64]:
    v = _as_float_array(values, name)
    if v.shape != (size,):
        raise TargetError(f'{name} has the shape ({size},), not {v.shape}')
    if not np.isfinite(v).all():
        raise TargetError(f'{name} has a NaN or infinite entry: {v.tolist()}')
    return v


def _as_float_array(values: Any, name: str) -> NDArray[np.float64]:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TargetError(f'{name} is not numeric: {values!r}') from error
