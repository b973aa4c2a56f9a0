"""PyBullet's window, a process of its own: `python3 -m ik_gd.arms.pybullet_window`.

On stdin comes the prepared URDF as a line of JSON, then frames of float64: the target's pose (7,
NaN for no target), then the driven joints (n,). The end of stdin ends the process. On stdout goes
one line, once: READY, or why there is no window.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys

import numpy as np
from numpy.typing import NDArray

from ik_gd.arms.bullet_body import BulletBody
from ik_gd.arms.bullet_urdf import prepare_urdf
from ik_gd.arms.bullet_window import READY
from ik_gd.arms.native_output import native_output_caught
from ik_gd.core.errors import IkGdError
from ik_gd.core.pose import Pose

with native_output_caught():  # it greets with its build time
    import pybullet

_WINDOW_SIZE = '--width=960 --height=720'
_POLL_PERIOD = 0.1  # [s] how soon a closed window is noticed
_GROUND_SIZE = 4.0  # [m]
_GROUND_COLOR = (0.82, 0.84, 0.86, 1.0)
_CAMERA_YAW, _CAMERA_PITCH = 50.0, -25.0  # [deg], as PyBullet counts
_AXIS_COLORS = ((0.9, 0.1, 0.1, 1.0), (0.1, 0.7, 0.1, 1.0), (0.1, 0.2, 0.9, 1.0))
_MARKER_COLOR = (0.95, 0.25, 0.55, 0.8)


class Scenery:
    """Ground, camera and target of a window.

    Args:
        client: a client with a window.
        low: (3,) corner of the box around the arm [m].
        high: (3,) the other corner.
    """

    def __init__(self, client: int, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
        self._client = {'physicsClientId': client}
        size = float(np.linalg.norm(high - low))
        for option in (pybullet.COV_ENABLE_GUI, pybullet.COV_ENABLE_MOUSE_PICKING):
            pybullet.configureDebugVisualizer(option, 0, **self._client)
        pybullet.resetDebugVisualizerCamera(
            cameraDistance=1.4 * size,
            cameraYaw=_CAMERA_YAW,
            cameraPitch=_CAMERA_PITCH,
            cameraTargetPosition=(0.5 * (low + high)).tolist(),
            **self._client,
        )
        self._add_ground(min(float(low[2]), 0.0))
        self._marker = self._add_marker(0.02 * size)

    def move_marker(self, pose: Pose) -> None:
        """Show the target at `pose`."""
        pybullet.resetBasePositionAndOrientation(
            self._marker, pose.position.tolist(), pose.quaternion_xyzw.tolist(), **self._client
        )

    def _add_ground(self, height: float) -> None:
        """Draw a floor that nothing collides with: a table may well lie lower than the base."""
        thickness = 0.01
        shape = pybullet.createVisualShape(
            pybullet.GEOM_BOX,
            halfExtents=[_GROUND_SIZE / 2, _GROUND_SIZE / 2, thickness / 2],
            rgbaColor=_GROUND_COLOR,
            specularColor=[0.0, 0.0, 0.0],
            **self._client,
        )
        pybullet.createMultiBody(
            0.0,
            baseVisualShapeIndex=shape,
            basePosition=[0.0, 0.0, height - 0.6 * thickness],
            **self._client,
        )

    def _add_marker(self, size: float) -> int:
        """Add a ball with three axes, far below the ground until it is moved."""
        half = 0.5 * np.sqrt(0.5)
        turns = ([0.0, 2 * half, 0.0, 2 * half], [-2 * half, 0.0, 0.0, 2 * half], [0, 0, 0, 1.0])
        axes = [
            pybullet.createVisualShape(
                pybullet.GEOM_CYLINDER,
                radius=0.12 * size,
                length=3.0 * size,
                rgbaColor=color,
                visualFramePosition=(1.5 * size * np.eye(3)[i]).tolist(),
                visualFrameOrientation=turns[i],
                **self._client,
            )
            for i, color in enumerate(_AXIS_COLORS)
        ]
        ball = pybullet.createVisualShape(
            pybullet.GEOM_SPHERE, radius=0.5 * size, rgbaColor=_MARKER_COLOR, **self._client
        )
        nowhere = [0.0, 0.0, -100.0]
        marker: int = pybullet.createMultiBody(
            0.0,
            baseVisualShapeIndex=ball,
            basePosition=nowhere,
            linkMasses=[0.0] * 3,
            linkCollisionShapeIndices=[-1] * 3,
            linkVisualShapeIndices=axes,
            linkPositions=[[0, 0, 0]] * 3,
            linkOrientations=[[0, 0, 0, 1]] * 3,
            linkInertialFramePositions=[[0, 0, 0]] * 3,
            linkInertialFrameOrientations=[[0, 0, 0, 1]] * 3,
            linkParentIndices=[0] * 3,
            linkJointTypes=[pybullet.JOINT_FIXED] * 3,
            linkJointAxis=[[0, 0, 1]] * 3,
            **self._client,
        )
        return marker


def main() -> int:
    """Open the window, mirror what comes on stdin, and return the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when this ends
    description = prepare_urdf(json.loads(sys.stdin.buffer.readline()))
    start = np.array([joint.rest_position for joint in description.joints])
    try:
        with native_output_caught():
            client = pybullet.connect(pybullet.GUI, options=_WINDOW_SIZE)
            body = BulletBody(pybullet, client, description, False, start)
            scenery = Scenery(client, *body.extent())
    except (IkGdError, pybullet.error) as error:
        print(error, flush=True)
        return 1
    print(READY, flush=True)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # PyBullet's threads report their end, which nobody asked for
    mirror(client, body, scenery, 8 * (7 + len(start)))
    return 0


def mirror(client: int, body: BulletBody, scenery: Scenery, frame_size: int) -> None:
    """Show the newest frame of `frame_size` bytes until stdin ends or the window is closed."""
    stdin = sys.stdin.buffer.fileno()
    pending = b''
    while pybullet.isConnected(client):
        if not select.select([stdin], [], [], _POLL_PERIOD)[0]:
            continue
        chunk = os.read(stdin, 1 << 16)
        if not chunk:
            break
        pending += chunk
        whole = len(pending) // frame_size * frame_size
        if whole:
            frame = np.frombuffer(pending[whole - frame_size : whole])
            pending = pending[whole:]
            body.put(frame[7:])
            if not np.isnan(frame[:7]).any():
                scenery.move_marker(Pose(frame[:3], frame[3:7]))


if __name__ == '__main__':
    sys.exit(main())
