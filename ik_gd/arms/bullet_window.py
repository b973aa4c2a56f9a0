"""The near side of PyBullet's window: starts it as a process and keeps it up to date.

PyBullet's window holds a lock while it draws, and every call into its client waits for that lock
with Python's interpreter lock held: with a slow graphics driver the physics falls to the frame
rate, and everything else in the process with it. So the physics has no window, and the window is a
process of its own that only mirrors.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import ik_gd
from ik_gd.arms.display import check_display
from ik_gd.core.errors import ArmError
from ik_gd.core.pose import Pose

FRAME_PERIOD = 1.0 / 30.0  # [s] as often as one sees a picture change
READY = 'ready'
_START_TIMEOUT = 30.0  # [s] software rendering on a slow machine takes a few


class BulletWindow:
    """Shows an arm in a window.

    Args:
        urdf_text: the prepared URDF.
        frame: returns the driven joints' positions (n,) [rad or m] and the target's pose, None
            for no target; called 30 times a second from a thread.

    Raises:
        ArmError: no display, or the window does not open.
    """

    def __init__(
        self, urdf_text: str, frame: Callable[[], tuple[NDArray[np.float64], Pose | None]]
    ) -> None:
        check_display()
        package_parent = str(Path(ik_gd.__file__).parent.parent)
        paths = [package_parent, *filter(None, [os.environ.get('PYTHONPATH')])]
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'ik_gd.arms.pybullet_window'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # One thread for Mesa's software rendering, where that is used: leave cores to others.
            env={'LP_NUM_THREADS': '1', **os.environ, 'PYTHONPATH': os.pathsep.join(paths)},
        )
        self._frame = frame
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='window', daemon=True)
        try:
            self._send(json.dumps(urdf_text).encode() + b'\n')
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether the window is still there: a user may close it."""
        return self._process.poll() is None

    def close(self) -> None:
        """Close the window; calling it again does nothing."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        with contextlib.suppress(BrokenPipeError):
            stdin.close()
        stdout.close()
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_until_ready(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        if not select.select([stdout], [], [], _START_TIMEOUT)[0]:
            raise ArmError(f'PyBullet opens no window within {_START_TIMEOUT:g} s')
        line = stdout.readline().decode().strip()
        if line != READY:
            raise ArmError(f'PyBullet opens no window: {line or "it gives no reason"}')

    def _run(self) -> None:
        while not self._stop.wait(FRAME_PERIOD):
            positions, marker = self._frame()
            pose = np.full(7, np.nan)
            if marker is not None:
                pose[:3], pose[3:] = marker.position, marker.quaternion_xyzw
            try:
                self._send(np.concatenate((pose, positions)).tobytes())
            except OSError:
                return  # closed by the user: `is_open` tells

    def _send(self, data: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(data)
        stdin.flush()
