"""Serial chains of any length, for what grows with the number of joints."""

from __future__ import annotations

from ik_gd.benchmark.arms import BenchArm

_LENGTH = 1.0  # [m] of the whole chain


def tentacle(joints: int) -> BenchArm:
    """Return a chain of equal links whose joints bend in turn about y and about x."""
    link = _LENGTH / joints
    lines = ['<robot name="tentacle"><link name="link0"/>']
    for i in range(joints):
        axis = '0 1 0' if i % 2 == 0 else '1 0 0'
        lines.append(
            f'<link name="link{i + 1}"/><joint name="joint{i}" type="revolute">'
            f'<parent link="link{i}"/><child link="link{i + 1}"/>'
            f'<origin xyz="0 0 {link if i else 0.0!r}"/><axis xyz="{axis}"/>'
            '<limit lower="-1.5" upper="1.5" velocity="2" effort="10"/></joint>'
        )
    lines.append(
        '<link name="tip"/><joint name="end" type="fixed">'
        f'<parent link="link{joints}"/><child link="tip"/><origin xyz="0 0 {link!r}"/></joint>'
        '</robot>'
    )
    return BenchArm.from_urdf(f'{joints} joints', ''.join(lines), 'link0', 'tip')
