"""The arms that the benchmark measures on, and the bare serial URDF that every solver is given."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.chain import Chain
from ik_gd.core.errors import IkGdError, SettingsError
from ik_gd.core.urdf import load_urdf_text, parse_urdf

_OWN_FOLDER = Path(__file__).parent / 'urdf'
_SOLID = (  # PyBullet complains about links without inertia
    '<inertial><mass value="1"/>'
    '<inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial>'
)


def _shipped(file: str) -> Path:
    """Return a file of the package's urdf/ folder, in a checkout or where setup.py installs it."""
    folders = [Path(__file__).parents[2] / 'urdf', Path(sys.prefix) / 'share/ik_gd/urdf']
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    folders += [Path(prefix) / 'share/ik_gd/urdf' for prefix in prefixes if prefix]
    for folder in folders:
        if (folder / file).exists():
            return folder / file
    raise IkGdError(f'no {file} in {" or ".join(str(folder) for folder in folders)}')


def _bullet(file: str) -> Path:
    try:
        import pybullet_data
    except ImportError as error:
        raise IkGdError(f'{file} comes with pybullet, which is not installed') from error
    return Path(pybullet_data.getDataPath()) / file


def _airo(name: str) -> str:
    try:
        import airo_models
    except ImportError as error:
        raise IkGdError(f'{name} comes with airo-models, which is not installed') from error
    text = Path(airo_models.get_urdf_path(name)).read_text()
    # the file uses drake's attributes without declaring their prefix, which is not XML
    return text.replace('<robot ', '<robot xmlns:drake="https://drake.mit.edu" ', 1)


# name: (its file or text, base link, tip link)
_SOURCES: dict[str, tuple[Callable[[], str | Path], str, str]] = {
    'so101': (lambda: _shipped('so101.urdf'), 'base_link', 'gripper_frame_link'),
    'desk6': (lambda: _shipped('desk6.urdf.xacro'), 'base_link', 'tool_link'),
    'ur5e': (lambda: _airo('ur5e'), 'base_link', 'tool0'),
    'xarm6': (lambda: _bullet('xarm/xarm6_robot.urdf'), 'world', 'link6'),
    'panda': (lambda: _bullet('franka_panda/panda.urdf'), 'panda_link0', 'panda_grasptarget'),
    'iiwa': (lambda: _bullet('kuka_iiwa/model.urdf'), 'lbr_iiwa_link_0', 'lbr_iiwa_link_7'),
    'scara4': (lambda: _OWN_FOLDER / 'scara4.urdf', 'base_link', 'flange'),
    'rail7': (lambda: _OWN_FOLDER / 'rail7.urdf', 'rail', 'tool'),
    'turner6': (lambda: _OWN_FOLDER / 'turner6.urdf', 'base_link', 'tool'),
}
ARM_NAMES = tuple(_SOURCES)


@dataclass(frozen=True, eq=False)
class BenchArm:
    """One serial chain, as our solver and as every peer sees it.

    Attributes:
        name: what tables and charts call it.
        chain: read by ik_gd from the vendor's file.
        urdf_text: the same joints cut out of the vendor's XML, without meshes or branches: what
            peers and the verification read, so that no number depends on our URDF reader.
    """

    name: str
    chain: Chain
    urdf_text: str

    @classmethod
    def from_urdf(
        cls, name: str, path_or_text: str | Path, base_link: str, tip_link: str
    ) -> BenchArm:
        """Read one arm; UrdfError if the description has no such chain."""
        text = load_urdf_text(path_or_text)[0]
        chain = Chain.from_urdf(text, base_link, tip_link)
        return cls(name, chain, serial_urdf(text, base_link, tip_link))

    @cached_property
    def lower(self) -> NDArray[np.float64]:
        """(n,) where random joints are drawn from: the limits, or -pi for continuous joints."""
        return np.where(np.isfinite(self.chain.lower), self.chain.lower, -np.pi)

    @cached_property
    def upper(self) -> NDArray[np.float64]:
        """(n,) where random joints are drawn to: the limits, or pi for continuous joints."""
        return np.where(np.isfinite(self.chain.upper), self.chain.upper, np.pi)

    def random_joints(self, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return (count, n) joint positions, uniform between the limits [rad or m]."""
        return rng.uniform(self.lower, self.upper, (count, self.chain.dof))


def load_arm(name: str, tip_link: str | None = None) -> BenchArm:
    """Return the arm called `name`, up to `tip_link` or to its usual tip.

    Raises:
        SettingsError: there is no such arm.
        IkGdError: its file is not on this machine.
    """
    if name not in _SOURCES:
        raise SettingsError(f'no arm {name!r}; the arms are {", ".join(ARM_NAMES)}')
    locate, base_link, usual_tip = _SOURCES[name]
    return BenchArm.from_urdf(name, locate(), base_link, tip_link or usual_tip)


def serial_urdf(text: str, base_link: str, tip_link: str) -> str:
    """Cut the joints from `base_link` to `tip_link` out of a URDF; no meshes, no branches."""
    path = parse_urdf(text).path(base_link, tip_link)
    if any(joint.mimic is not None for joint in path):
        raise IkGdError('a chain with mimic joints cannot be given to every peer')
    elements = {j.get('name'): j for j in ElementTree.fromstring(text).findall('joint')}
    robot = ElementTree.Element('robot', name='serial')
    ElementTree.SubElement(robot, 'link', name=base_link)  # KDL wants its root without mass
    for joint in path:
        link = ElementTree.SubElement(robot, 'link', name=joint.child)
        link.append(ElementTree.fromstring(_SOLID))
    for joint in path:
        robot.append(_bare_joint(elements[joint.name], joint.is_movable))
    return ElementTree.tostring(robot, encoding='unicode')


def _bare_joint(joint: ElementTree.Element, is_movable: bool) -> ElementTree.Element:
    """Copy what kinematics needs of a <joint>, with a speed and effort that no peer trips over."""
    kind = joint.attrib['type'] if is_movable else 'fixed'
    bare = ElementTree.Element('joint', name=joint.attrib['name'], type=kind)
    for tag in ('parent', 'child', 'origin', *(('axis',) if is_movable else ())):
        element = joint.find(tag)
        if element is not None:
            bare.append(element)
    if is_movable:
        limit = joint.find('limit')
        given = {} if limit is None else limit.attrib
        limits = {key: given[key] for key in ('lower', 'upper') if key in given}
        for key in ('velocity', 'effort'):
            value = float(given.get(key, '0'))
            limits[key] = repr(value if value > 0.0 else 10.0)
        ElementTree.SubElement(bare, 'limit', limits)
    return bare
