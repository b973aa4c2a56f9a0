"""A tentacle of many joints, as in the tutorial's last part, with cost terms of its own.

    python examples/tentacle.py --joints 40 --out tentacle.png

The tip is to touch a point; forty joints can do that in endless ways. Two terms choose among them:
the tentacle keeps out of a ball, and neighbouring joints bend alike, so that it curls and does not
kink. Both are plain functions of (q, tip); their gradients are sampled, as in the tutorial.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np

from ik_gd import Chain, Objective, Pose, Solver

LENGTH = 1.0  # [m]
TARGETS = ((0.55, 0.1, 0.45), (0.35, -0.4, 0.2), (-0.1, 0.5, 0.5))


def tentacle_urdf(joints: int) -> str:
    """Return a chain of equal links whose joints bend in turn about y and about x."""
    link = LENGTH / joints
    lines = ['<robot name="tentacle"><link name="link0"/>']
    for i in range(joints):
        axis = '0 1 0' if i % 2 == 0 else '1 0 0'
        lines.append(f'''
  <link name="link{i + 1}"/>
  <joint name="joint{i}" type="revolute">
    <parent link="link{i}"/><child link="link{i + 1}"/>
    <origin xyz="0 0 {link if i else 0.0}"/><axis xyz="{axis}"/>
    <limit lower="-1" upper="1" velocity="2" effort="1"/>
  </joint>''')
    lines.append(f'''
  <link name="tip"/>
  <joint name="end" type="fixed">
    <parent link="link{joints}"/><child link="tip"/><origin xyz="0 0 {link}"/>
  </joint>
</robot>''')
    return ''.join(lines)
