"""The arms that tests run on: shipped ones, pybullet_data's, and random ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pybullet_data
from hypothesis import strategies as st

from ik_gd.core.chain import Chain

URDF_FOLDER = Path(__file__).parents[2] / 'urdf'
BULLET_FOLDER = Path(pybullet_data.getDataPath())


@dataclass(frozen=True)
class ArmModel:
    """A file with the base and tip that people use it with."""

    name: str
    path: Path
    base_link: str | None
    tip_link: str | None

    @cache  # noqa: B019  the models below live as long as the process
    def chain(self) -> Chain:
        return Chain.from_urdf(self.path, self.base_link, self.tip_link)

    def __str__(self) -> str:
        return self.name


SHIPPED = (
    ArmModel('planar2', URDF_FOLDER / 'planar2.urdf', None, None),
    ArmModel('so101', URDF_FOLDER / 'so101.urdf', 'base_link', 'gripper_frame_link'),
    ArmModel('desk6', URDF_FOLDER / 'desk6.urdf.xacro', None, None),
)
BULLET = (
    ArmModel(
        'panda', BULLET_FOLDER / 'franka_panda/panda.urdf', 'panda_link0', 'panda_grasptarget'
    ),
    ArmModel('iiwa', BULLET_FOLDER / 'kuka_iiwa/model.urdf', 'lbr_iiwa_link_0', 'lbr_iiwa_link_7'),
    ArmModel('xarm6', BULLET_FOLDER / 'xarm/xarm6_robot.urdf', 'world', 'link6'),
)
ARMS = tuple(model for model in SHIPPED + BULLET if model.path.exists())


@st.composite
def random_urdfs(draw: st.DrawFn, min_joints: int = 1, max_joints: int = 9) -> str:
    """Draw the URDF text of a serial arm: link0 ... linkN, any joint types, any axes."""
    length = st.floats(-0.5, 0.5, allow_subnormal=False)
    angle = st.floats(-3.14, 3.14, allow_subnormal=False)
    component = st.floats(-1.0, 1.0, allow_subnormal=False)
    kinds = draw(
        st.lists(
            st.sampled_from(['revolute', 'revolute', 'continuous', 'prismatic', 'fixed']),
            min_size=min_joints,
            max_size=max_joints,
        ).filter(lambda kinds: any(kind != 'fixed' for kind in kinds))
    )
    lines = ['<robot name="random">', '<link name="link0"/>']
    for i, kind in enumerate(kinds):
        xyz = ' '.join(repr(draw(length)) for _ in range(3))
        rpy = ' '.join(repr(draw(angle)) for _ in range(3))
        axis = draw(st.tuples(component, component, component).filter(_has_direction))
        lower = draw(st.floats(-3.0, 0.5))
        upper = lower + draw(st.floats(0.1, 3.0))
        lines += [
            f'<link name="link{i + 1}"/>',
            f'<joint name="joint{i + 1}" type="{kind}">',
            f'  <parent link="link{i}"/><child link="link{i + 1}"/>',
            f'  <origin xyz="{xyz}" rpy="{rpy}"/>',
            f'  <axis xyz="{axis[0]!r} {axis[1]!r} {axis[2]!r}"/>',
            f'  <limit lower="{lower!r}" upper="{upper!r}" velocity="2.0" effort="5.0"/>',
            '</joint>',
        ]
    return '\n'.join([*lines, '</robot>'])


def _has_direction(axis: tuple[float, float, float]) -> bool:
    return sum(component * component for component in axis) > 0.01
