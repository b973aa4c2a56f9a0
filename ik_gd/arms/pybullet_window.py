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
from ik_gd.arms.bullet_urdf import one_color_per_link, prepare_urdf
from ik_gd.arms.bullet_window import READY
from ik_gd.arms.native_output import native_output_caught
from ik_gd.core.errors import IkGdError
from ik_gd.core.pose import Pose

with native_output_caught():  # it greets with its build time
    import pybullet

_WINDOW_SIZE = '--width=960 --height=720'
_POLL_PERIOD = 0.1  # [s] how soon a closed window is noticed
_GROUND_SIZE, _GRID_STEP, _GRID_WIDTH = 6.0, 0.1, 0.0016  # [m]
_GROUND_COLOR, _GRID_COLOR = (0.86, 0.87, 0.88, 1.0), (0.70, 0.72, 0.75, 1.0)
_CAMERA_YAW, _CAMERA_PITCH = 50.0, -20.0  # [deg], as PyBullet counts
_LIGHT = (1.0, -1.5, 4.0)  # [m]
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
        for option in (
            pybullet.COV_ENABLE_GUI,
            pybullet.COV_ENABLE_MOUSE_PICKING,
            pybullet.COV_ENABLE_KEYBOARD_SHORTCUTS,
        ):
            pybullet.configureDebugVisualizer(option, 0, **self._client)
        pybullet.configureDebugVisualizer(lightPosition=_LIGHT, **self._client)
        pybullet.resetDebugVisualizerCamera(
            cameraDistance=0.9 * size,
            cameraYaw=_CAMERA_YAW,
            cameraPitch=_CAMERA_PITCH,
            cameraTargetPosition=(0.5 * (low + high)).tolist(),
            **self._client,
        )
        self._add_ground(min(float(low[2]), 0.0))
        self._marker = self._add_marker(0.03 * size)

    def move_marker(self, pose: Pose) -> None:
        """Show the target at `pose`."""
        pybullet.resetBasePositionAndOrientation(
            self._marker, pose.position.tolist(), pose.quaternion_xyzw.tolist(), **self._client
        )

    def _add_ground(self, height: float) -> None:
        """Draw a floor that nothing collides with: a table may well lie lower than the base."""
        thickness = 0.01
        slab = pybullet.createVisualShape(
            pybullet.GEOM_BOX,
            halfExtents=[_GROUND_SIZE / 2, _GROUND_SIZE / 2, thickness / 2],
            rgbaColor=_GROUND_COLOR,
            specularColor=[0.0, 0.0, 0.0],
            **self._client,
        )
        vertices, triangles = _grid()
        grid = pybullet.createVisualShape(
            pybullet.GEOM_MESH,
            vertices=vertices.tolist(),
            indices=triangles.ravel().tolist(),
            rgbaColor=_GRID_COLOR,
            specularColor=[0.0, 0.0, 0.0],
            **self._client,
        )
        for shape, z in ((slab, height - 0.7 * thickness), (grid, height - 0.1 * thickness)):
            pybullet.createMultiBody(
                0.0, baseVisualShapeIndex=shape, basePosition=[0.0, 0.0, z], **self._client
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


def _grid() -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the vertices (4 k, 3) and triangles (2 k, 3) of a flat grid of k thin lines."""
    half, width = _GROUND_SIZE / 6, _GRID_WIDTH / 2
    count = round(2 * half / _GRID_STEP) + 1
    along_x = np.array(
        [(-half, -width, 0.0), (half, -width, 0), (half, width, 0), (-half, width, 0)]
    )
    offsets = np.linspace(-half, half, count)[:, None, None] * np.array([0.0, 1.0, 0.0])
    lines_x = (along_x + offsets).reshape(-1, 3)
    lines_y = lines_x[:, [1, 0, 2]] * (-1.0, 1.0, 1.0)  # a quarter turn: the same side is up
    quad = np.array([(0, 1, 2), (0, 2, 3)])
    starts = 4 * np.arange(2 * count)[:, None, None]
    return np.vstack((lines_x, lines_y)), (quad + starts).reshape(-1, 3)


def main() -> int:
    """Open the window, mirror what comes on stdin, and return the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when this ends
    description = prepare_urdf(one_color_per_link(json.loads(sys.stdin.buffer.readline())))
    start = np.array([joint.rest_position for joint in description.joints])
    try:
        with native_output_caught():
            client = pybullet.connect(pybullet.GUI, options=_WINDOW_SIZE)
            # Each call waits for the picture that is being drawn: draw none while furnishing.
            pybullet.configureDebugVisualizer(
                pybullet.COV_ENABLE_RENDERING, 0, physicsClientId=client
            )
            body = BulletBody(pybullet, client, description, False, start)
            scenery = Scenery(client, *body.extent())
            pybullet.configureDebugVisualizer(
                pybullet.COV_ENABLE_RENDERING, 1, physicsClientId=client
            )
    except (IkGdError, pybullet.error) as error:
        print(error, flush=True)
        return 1
    print(READY, flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on: a full pipe would block
    mirror(client, body, scenery, 8 * (7 + len(start)))
    os._exit(0)  # PyBullet's own way out takes a second and talks about its threads


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
