"""ikpy: scipy's optimiser over numpy forward kinematics."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
from ikpy.chain import Chain

from ik_gd.benchmark.arms import BenchArm
from ik_gd.benchmark.peers.peer import Answer, Array


class Ikpy:
    """Its defaults, with all three axes of the orientation asked for."""

    name: ClassVar[str] = 'ikpy'
    max_targets: ClassVar[int | None] = 20

    def __init__(self, arm: BenchArm) -> None:
        with TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            path = Path(folder) / 'arm.urdf'
            path.write_text(arm.urdf_text)
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                chain = Chain.from_urdf_file(str(path), base_elements=[arm.chain.base_link])
        names = [link.name for link in chain.links]
        self._places = [names.index(name) for name in arm.chain.joint_names]
        self._size = len(names)
        chain.active_links_mask = np.isin(np.arange(self._size), self._places)
        self._chain = chain

    def prepare(self, target: Array, q_start: Array) -> tuple[Array, Array]:
        start = np.zeros(self._size)
        start[self._places] = q_start
        return target, start

    def solve(self, problem: tuple[Array, Array]) -> Any:
        return self._chain.inverse_kinematics_frame(
            problem[0], initial_position=problem[1], orientation_mode='all'
        )

    def answer(self, raw: Any) -> Answer:
        return Answer(np.asarray(raw)[self._places], False)  # it does not say either
