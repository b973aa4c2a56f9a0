"""A spider: eight legs on one body, solved in one descent, as the tutorial's series ends.

    python3 examples/spider.py --out spider.png

Nine tips share one tree. The body hangs on six joints of its own that no motor drives (three
slides, three turns), and each leg has three more: thirty joints. Each picture asks the body for a
pose and every foot for a point; the feet that stand must not slip while the body moves.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.axes3d import Axes3D
from transforms3d.euler import euler2quat

from ik_gd import Chain, Objective, Pose
from ik_gd.core.multi_tip import MultiTipSolver

LEGS = 8
HIP, FEMUR, TIBIA = 0.06, 0.12, 0.18  # [m]
HEIGHT = 0.10  # [m] of the body when it stands


def hip_angle(leg: int) -> float:
    """Return the direction of a leg from the body [rad]; four on either side."""
    side = 1.0 if leg < LEGS // 2 else -1.0
    return side * np.radians(40.0 + 100.0 / 3.0 * (leg % (LEGS // 2)))


def joint(name: str, kind: str, parent: str, child: str, place: str, axis: str, limit: str) -> str:
    """Return a link and the joint that carries it."""
    return (
        f'<link name="{child}"/><joint name="{name}" type="{kind}">'
        f'<parent link="{parent}"/><child link="{child}"/><origin {place}/><axis xyz="{axis}"/>'
        f'<limit {limit} velocity="5" effort="1"/></joint>'
    )


def spider_urdf() -> str:
    """Return the tree: ground, six joints to the body, eight legs of three joints."""
    parts = ['<robot name="spider"><link name="ground"/>']
    parent = 'ground'
    for kind, limit in (
        ('prismatic', 'lower="-1" upper="1"'),
        ('revolute', 'lower="-1" upper="1"'),
    ):
        for letter, axis in zip('xyz', ('1 0 0', '0 1 0', '0 0 1'), strict=True):
            child = 'body' if (kind, letter) == ('revolute', 'z') else f'{kind}_{letter}'
            parts.append(joint(f'body_{kind}_{letter}', kind, parent, child, '', axis, limit))
            parent = child
    for leg in range(LEGS):
        angle = hip_angle(leg)
        x, y = 0.05 * np.cos(angle), 0.04 * np.sin(angle)
        hip = f'xyz="{x} {y} 0" rpy="0 0 {angle}"'
        names = f'hip{leg}', f'femur{leg}', f'tibia{leg}'
        limits = (
            'lower="-0.8" upper="0.8"',
            'lower="-1.4" upper="1.4"',
            'lower="-0.2" upper="2.6"',
        )
        places = hip, f'xyz="{HIP} 0 0"', f'xyz="{FEMUR} 0 0"'
        parent = 'body'
        for name, place, axis, limit in zip(
            names, places, ('0 0 1', '0 1 0', '0 1 0'), limits, strict=True
        ):
            parts.append(joint(name, 'revolute', parent, f'{name}_link', place, axis, limit))
            parent = f'{name}_link'
        parts.append(
            f'<link name="foot{leg}"/><joint name="end{leg}" type="fixed">'
            f'<parent link="{parent}"/><child link="foot{leg}"/>'
            f'<origin xyz="{TIBIA} 0 0"/></joint>'
        )
    return ''.join([*parts, '</robot>'])


def standing_feet() -> list[np.ndarray]:
    """Return where the feet stand (3,) [m]."""
    angles = [hip_angle(leg) for leg in range(LEGS)]
    return [np.array([0.25 * np.cos(a), 0.24 * np.sin(a), 0.0]) for a in angles]


def scenes() -> dict[str, tuple[Pose, list[np.ndarray]]]:
    """Return, for each picture, the pose asked of the body and the points asked of the feet."""
    waving = standing_feet()
    waving[0] = np.array([0.26, 0.13, 0.20])
    w, x, y, z = euler2quat(0.15, 0.25, 0.2)
    return {
        'standing': (Pose((0.0, 0.0, HEIGHT)), standing_feet()),
        'leaning': (Pose((0.03, -0.02, HEIGHT), (x, y, z, w)), standing_feet()),
        'waving': (Pose((-0.02, 0.0, 1.2 * HEIGHT)), waving),
    }


def skeleton(urdf: str, q: dict[str, float], leg: int) -> np.ndarray:
    """Return the points of one leg, from the body to the foot (5, 3) [m]."""
    links = 'body', f'hip{leg}_link', f'femur{leg}_link', f'tibia{leg}_link', f'foot{leg}'
    chains = [Chain.from_urdf(urdf, 'ground', link) for link in links]
    return np.array([c.forward([q[name] for name in c.joint_names]).position for c in chains])


def draw(axes: Axes3D, urdf: str, q: dict[str, float], feet: list[np.ndarray], title: str) -> None:
    """Draw the spider and where its feet were asked to be."""
    for leg in range(LEGS):
        points = skeleton(urdf, q, leg)
        axes.plot(*points.T, 'o-', color='#30638e', markersize=3, linewidth=2)
    axes.plot(*points[:1].T, 'o', color='#30638e', markersize=13)
    axes.plot(*np.array(feet).T, 'X', color='#d1495b', markersize=7)
    axes.set(xlim=(-0.29, 0.29), ylim=(-0.29, 0.29), zlim=(0.0, 0.29), title=title)
    axes.set_box_aspect((2, 2, 1), zoom=1.15)
    axes.view_init(elev=24, azim=-52)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_ticklabels([])


def main() -> None:
    """Solve every scene from the one before, print how well, draw all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', default='spider.png', help='the picture (%(default)s)')
    options = parser.parse_args()
    urdf = spider_urdf()
    feet = [(f'foot{leg}', Objective.position()) for leg in range(LEGS)]
    solver = MultiTipSolver(urdf, [('body', Objective.pose()), *feet])
    q = None
    figure = Figure(figsize=(12.0, 3.8), layout='constrained')
    for i, (title, (body, points)) in enumerate(scenes().items()):
        targets = [body, *(Pose(point) for point in points)]
        solver.solve(targets, q)  # compiled
        begin = perf_counter()
        solution = solver.solve(targets, q)
        milliseconds = 1e3 * (perf_counter() - begin)
        print(
            f'{title:9} {solution.status.value}: {solution.q.size} joints, {len(targets)} tips, '
            f'at most {solution.position_errors.max():.1e} m off, '
            f'{solution.iterations} iterations, {milliseconds:.2f} ms'
        )
        q = solution.q
        axes = figure.add_subplot(1, 3, i + 1, projection='3d')
        draw(axes, urdf, dict(zip(solver.joint_names, q, strict=True)), points, title)
    figure.savefig(options.out, dpi=110)
    print(options.out)


if __name__ == '__main__':
    main()
