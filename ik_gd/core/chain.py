"""The movable joints from a base link to a tip link, flattened into arrays once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core import kinematics
from ik_gd.core.errors import UrdfError
from ik_gd.core.kernels import layout
from ik_gd.core.pose import Pose
from ik_gd.core.urdf import UrdfJoint, UrdfTree, load_urdf_text, parse_urdf


@dataclass(frozen=True, eq=False)
class Chain:
    """Kinematics of one tip: n independent joints, and the rigid pieces between them.

    A mimic joint is a segment of its own that is driven by its source joint; a source that is
    not itself between base and tip is one of the n joints all the same, for it moves the tip.

    All arrays are read-only.

    Attributes:
        base_link: frame of all poses.
        tip_link: the frame that is brought to targets.
        joint_names: the n independent joints, from base to tip.
        lower: (n,) [rad or m]; -inf for continuous joints.
        upper: (n,) [rad or m]; inf for continuous joints.
        max_velocity: (n,) [rad/s or m/s]; inf where the description gives none.
        max_effort: (n,) [N m or N]; inf where the description gives none.
        is_prismatic: (n,) bool.
        segments: (m + 1, 16) what the kernels read; see core/kernels/layout.py.
    """

    base_link: str
    tip_link: str
    joint_names: tuple[str, ...]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    max_velocity: NDArray[np.float64]
    max_effort: NDArray[np.float64]
    is_prismatic: NDArray[np.bool_]
    segments: NDArray[np.float64]

    @classmethod
    def from_urdf(
        cls,
        path_or_text: str | Path,
        base_link: str | None = None,
        tip_link: str | None = None,
    ) -> Chain:
        """Read the chain from `base_link` to `tip_link` out of a URDF or xacro.

        Args:
            path_or_text: a file's path, or the text itself.
            base_link: None for the root link.
            tip_link: None for the only leaf link.

        Raises:
            UrdfError: the description is not usable, or has no such chain.
        """
        return cls.from_tree(parse_urdf(load_urdf_text(path_or_text)[0]), base_link, tip_link)

    @classmethod
    def from_tree(
        cls, tree: UrdfTree, base_link: str | None = None, tip_link: str | None = None
    ) -> Chain:
        """Flatten the path from `base_link` to `tip_link`; like `from_urdf` otherwise."""
        path = tree.path(base_link, tip_link)
        base = tree.root if base_link is None else base_link
        tip = path[-1].child if path else base
        for joint in path:
            if not joint.is_movable and joint.kind != 'fixed':
                raise UrdfError(
                    f'joint {joint.name!r} between {base!r} and {tip!r} is {joint.kind}; '
                    'a chain has revolute, continuous, prismatic and fixed joints'
                )
        drives = [_drive(tree, joint) for joint in path if joint.is_movable]
        if not drives:
            raise UrdfError(f'there is no movable joint between {base!r} and {tip!r}')
        names = tuple(dict.fromkeys(drive.source.name for drive in drives))
        limits = np.array([_limits(name, drives) for name in names]).T
        return cls(
            base_link=base,
            tip_link=tip,
            joint_names=names,
            lower=_frozen(limits[0]),
            upper=_frozen(limits[1]),
            max_velocity=_frozen(limits[2]),
            max_effort=_frozen(limits[3]),
            is_prismatic=_frozen(np.array([tree.joint(n).kind == 'prismatic' for n in names])),
            segments=_frozen(_flatten(path, drives, names)),
        )

    @property
    def dof(self) -> int:
        """The number n of independent joints."""
        return len(self.joint_names)

    @property
    def reach(self) -> float:
        """An upper bound of the tip's distance from the first joint's origin [m].

        Infinite when a prismatic joint has no limits.
        """
        lengths = np.linalg.norm(self.segments[1:, layout.TRANSLATION], axis=1).sum()
        for row in self.segments[:-1]:
            if row[layout.PRISMATIC]:
                source = int(row[layout.SOURCE])
                ends = row[layout.OFFSET] + row[layout.MULTIPLIER] * np.array(
                    [self.lower[source], self.upper[source]]
                )
                lengths += np.abs(ends).max()
        return float(lengths)

    @property
    def middle(self) -> NDArray[np.float64]:
        """The middle of each joint's range (n,) [rad or m]; 0 for joints without limits."""
        with np.errstate(invalid='ignore'):
            middle = 0.5 * (self.lower + self.upper)
        return np.where(np.isfinite(middle), middle, 0.0)

    def forward(self, q: ArrayLike) -> Pose:
        """Return the tip's pose in the base frame; see kinematics.forward."""
        return kinematics.forward(self, q)

    def jacobian(self, q: ArrayLike) -> NDArray[np.float64]:
        """Return the tip's geometric Jacobian (6, n); see kinematics.jacobian."""
        return kinematics.jacobian(self, q)


@dataclass(frozen=True)
class _Drive:
    """A movable joint's position = multiplier * position of `source` + offset."""

    joint: UrdfJoint
    source: UrdfJoint
    multiplier: float
    offset: float


def _drive(tree: UrdfTree, joint: UrdfJoint) -> _Drive:
    """Follow a chain of mimic tags to the independent joint at its end."""
    multiplier, offset, source = 1.0, 0.0, joint
    seen = [joint.name]
    while source.mimic is not None:
        offset += multiplier * source.mimic.offset
        multiplier *= source.mimic.multiplier
        source = tree.joint(source.mimic.source)
        if source.name in seen:
            raise UrdfError(f'joints mimic each other in a circle: {" -> ".join(seen)}')
        seen.append(source.name)
    if not source.is_movable:
        raise UrdfError(
            f'joint {joint.name!r} mimics {source.name!r}, which is {source.kind} and still'
        )
    return _Drive(joint, source, multiplier, offset)


def _limits(name: str, drives: Sequence[_Drive]) -> tuple[float, float, float, float]:
    """Return lower, upper, velocity and effort of joint `name`, its mimics' limits respected."""
    source = next(drive.source for drive in drives if drive.source.name == name)
    lower, upper, velocity = source.lower, source.upper, source.max_velocity
    for drive in drives:
        if drive.source is not source or drive.joint is source or drive.multiplier == 0.0:
            continue
        ends = sorted(
            (limit - drive.offset) / drive.multiplier
            for limit in (drive.joint.lower, drive.joint.upper)
        )
        lower, upper = max(lower, ends[0]), min(upper, ends[1])
        velocity = min(velocity, drive.joint.max_velocity / abs(drive.multiplier))
    if lower > upper:
        raise UrdfError(
            f'the limits of joint {name!r} and of the joints that mimic it exclude all'
        )
    return lower, upper, velocity, source.max_effort


def _flatten(
    path: Sequence[UrdfJoint], drives: Sequence[_Drive], names: Sequence[str]
) -> NDArray[np.float64]:
    """Merge fixed transforms, and turn every joint frame so that its axis is z."""
    segments = np.zeros((len(drives) + 1, layout.WIDTH))
    remaining = iter(drives)
    T = np.eye(4)
    i = 0
    for joint in path:
        T = T @ joint.transform_joint_to_parent
        if not joint.is_movable:
            continue
        drive = next(remaining)
        align = np.eye(4)
        align[:3, :3] = _rotation_of_z_onto(joint.axis)
        layout.write_placement(segments[i], T @ align)
        segments[i, layout.PRISMATIC] = joint.kind == 'prismatic'
        segments[i, layout.SOURCE] = names.index(drive.source.name)
        segments[i, layout.MULTIPLIER] = drive.multiplier
        segments[i, layout.OFFSET] = drive.offset
        T = align.T
        i += 1
    layout.write_placement(segments[i], T)
    return segments


def _rotation_of_z_onto(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a rotation matrix (3, 3) whose third column is the unit vector `axis`."""
    helper = np.eye(3)[np.argmin(np.abs(axis))]
    x = np.cross(helper, axis)
    x /= np.linalg.norm(x)
    return np.column_stack([x, np.cross(axis, x), axis])


def _frozen(array: NDArray) -> NDArray:  # type: ignore[type-arg]
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
