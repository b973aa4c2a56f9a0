"""A robot in a PyBullet world, by names: its motors, its gears, what may touch what.

The `pybullet` module is handed in, so that importing this file costs nothing.
"""

from __future__ import annotations

import tempfile
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ik_gd.arms.bullet_urdf import BulletUrdf
from ik_gd.core.errors import ArmError
from ik_gd.core.pose import Pose

_GEAR_ERP = 0.1  # the part of a gear's error that is taken away in each step
_GEAR_FORCE = 100.0  # [N m or N] what a gear can transmit
_TOUCHING = 1e-3  # [m] links nearer than this at the start touch


class BulletBody:
    """One robot, fixed to the ground. Not thread-safe, like PyBullet itself.

    Args:
        bullet: the `pybullet` module.
        client: the physics client to load it into.
        description: the prepared URDF.
        self_collision: let links collide, other than neighbours and those that touch at `start`.
        start: (n,) posture of the driven joints [rad or m].

    Attributes:
        id: PyBullet's number of the body.

    Raises:
        ArmError: PyBullet refuses the file, or a joint mimics one that is not driven.
    """

    def __init__(
        self,
        bullet: Any,
        client: int,
        description: BulletUrdf,
        self_collision: bool,
        start: NDArray[np.float64],
    ) -> None:
        self._bullet = bullet
        self._client = {'physicsClientId': client}
        self._description = description
        self.id = self._load(self_collision)
        self._index_names()
        self._max_velocity = [joint.max_velocity for joint in description.joints]
        self._max_effort = [joint.max_effort for joint in description.joints]
        self._set_up_mimics()
        self.put(start)
        if self_collision:
            self._let_touching_links_pass()

    def drive(
        self,
        position: NDArray[np.float64],
        velocity: NDArray[np.float64],
        position_gain: float,
    ) -> None:
        """Aim the motors at `position` (n,) and `velocity` (n,) for the next step."""
        drive = self._bullet.setJointMotorControl2
        mode = self._bullet.POSITION_CONTROL
        for i, index in enumerate(self._motors):
            drive(
                self.id,
                index,
                mode,
                targetPosition=position[i],
                targetVelocity=velocity[i],
                positionGain=position_gain,
                velocityGain=1.0,
                force=self._max_effort[i],
                maxVelocity=self._max_velocity[i],
                **self._client,
            )

    def measure(self) -> NDArray[np.float64]:
        """Return position, velocity and motor effort of the driven joints, (3, n)."""
        states = self._bullet.getJointStates(self.id, self._motors, **self._client)
        return np.array([(s[0], s[1], s[3]) for s in states]).T

    def put(self, posture: NDArray[np.float64]) -> None:
        """Be at rest in `posture` (n,) at once, mimic joints too."""
        positions = dict(zip(self._motor_names(), posture.tolist(), strict=True))
        for mimic in self._description.mimics:
            positions[mimic.name] = mimic.multiplier * positions[mimic.source] + mimic.offset
        self._bullet.resetJointStatesMultiDof(
            self.id,
            [self._index_of_joint[name] for name in positions],
            targetValues=[[position] for position in positions.values()],
            targetVelocities=[[0.0]] * len(positions),
            **self._client,
        )

    def link_index(self, link: str) -> int:
        """Return PyBullet's number of a link; ArmError if there is none of that name."""
        if link not in self._index_of_link:
            raise ArmError(
                f'{self._description.name} has no link {link!r}; its links are'
                f' {", ".join(self._description.links)}'
            )
        return self._index_of_link[link]

    def pose_of(self, index: int) -> Pose:
        """Return the pose of a link's URDF frame in the root link's frame."""
        if index < 0:
            return Pose.identity()
        # Entries 4 and 5 are the URDF frame; 0 and 1 are the centre of mass. Without
        # computeForwardKinematics they would be those of the step before.
        state = self._bullet.getLinkState(
            self.id, index, computeForwardKinematics=True, **self._client
        )
        return Pose(state[4], state[5])

    def contacts(self) -> list[tuple[str, str]]:
        """Return the pairs of links that touch, each once."""
        names = {index: name for name, index in self._index_of_link.items()}
        points = self._bullet.getContactPoints(self.id, self.id, **self._client)
        pairs = {tuple(sorted((point[3], point[4]))) for point in points}
        return [(names[a], names[b]) for a, b in sorted(pairs)]

    def extent(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the corners (3,) and (3,) of the box around all links [m]."""
        boxes = np.array(
            [
                self._bullet.getAABB(self.id, index, **self._client)
                for index in self._index_of_link.values()
            ]
        )
        return boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)

    def _motor_names(self) -> list[str]:
        return [joint.name for joint in self._description.joints]

    def _load(self, self_collision: bool) -> int:
        # Neither URDF_MERGE_FIXED_LINKS (it deletes tool frames) nor URDF_MAINTAIN_LINK_ORDER (it
        # corrupts the heap): joints and links are found by name.
        flags = self._bullet.URDF_USE_INERTIA_FROM_FILE
        if self_collision:
            flags |= self._bullet.URDF_USE_SELF_COLLISION
        with tempfile.NamedTemporaryFile('w', suffix='.urdf', encoding='utf-8') as file:
            file.write(self._description.text)
            file.flush()
            try:
                body: int = self._bullet.loadURDF(
                    file.name, useFixedBase=True, flags=flags, **self._client
                )
            except self._bullet.error as error:
                raise ArmError(f'PyBullet cannot load {self._description.name!r}') from error
        return body

    def _index_names(self) -> None:
        """Find PyBullet's numbers; one number serves a joint and the link that it moves."""
        count = self._bullet.getNumJoints(self.id, **self._client)
        infos = [self._bullet.getJointInfo(self.id, i, **self._client) for i in range(count)]
        self._index_of_joint = {info[1].decode(): info[0] for info in infos}
        self._index_of_link = {self._description.links[0]: -1}
        self._index_of_link |= {info[12].decode(): info[0] for info in infos}
        self._parent_and_fixed = [
            (info[16], info[2] == self._bullet.JOINT_FIXED) for info in infos
        ]
        self._motors = [self._index_of_joint[name] for name in self._motor_names()]

    def _set_up_mimics(self) -> None:
        """Gear each mimic joint to its source: Bullet knows no <mimic>."""
        for mimic in self._description.mimics:
            source, follower = (self._index_of_joint[n] for n in (mimic.source, mimic.name))
            self._bullet.setJointMotorControl2(
                self.id, follower, self._bullet.VELOCITY_CONTROL, force=0.0, **self._client
            )
            gear = self._bullet.createConstraint(
                self.id,
                source,
                self.id,
                follower,
                self._bullet.JOINT_GEAR,
                [1, 0, 0],
                [0, 0, 0],
                [0, 0, 0],
                **self._client,
            )
            self._bullet.changeConstraint(
                gear,
                gearRatio=-mimic.multiplier,
                relativePositionTarget=mimic.offset,
                erp=_GEAR_ERP,
                maxForce=_GEAR_FORCE,
                **self._client,
            )

    def _let_touching_links_pass(self) -> None:
        """Switch collisions off between neighbours and between links that touch now."""
        indices = list(self._index_of_link.values())
        for a, b in combinations(indices, 2):
            if self._carrier(a) == self._carrier(b) or self._are_neighbours(a, b):
                touch = True
            else:
                touch = bool(
                    self._bullet.getClosestPoints(
                        self.id, self.id, _TOUCHING, linkIndexA=a, linkIndexB=b, **self._client
                    )
                )
            if touch:
                self._bullet.setCollisionFilterPair(self.id, self.id, a, b, 0, **self._client)

    def _carrier(self, index: int) -> int:
        """Return the link that `index` is rigidly part of, nearest to the root."""
        while index >= 0 and self._parent_and_fixed[index][1]:
            index = self._parent_and_fixed[index][0]
        return index

    def _are_neighbours(self, a: int, b: int) -> bool:
        """Whether one movable joint lies between two links."""
        a, b = self._carrier(a), self._carrier(b)
        above = {
            index: self._carrier(self._parent_and_fixed[index][0])
            for index in (a, b)
            if index >= 0
        }
        return above.get(a) == b or above.get(b) == a
