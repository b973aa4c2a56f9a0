"""A URDF made fit for PyBullet, which is strict where others are lenient and silent where not.

One missing mesh makes PyBullet refuse the whole file; a link without inertia weighs 1 kg; mimic
joints move freely; an effort or velocity of 0 switches a motor off. All of that is mended here,
in the text, before PyBullet sees it.
"""

from __future__ import annotations

import math
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ik_gd.arms.mesh_paths import find_mesh
from ik_gd.core.urdf import UrdfJoint, parse_urdf

_READABLE_MESHES = ('.obj', '.stl', '.dae', '.cdf', '.vtk')

# A link that says nothing of its mass: a light part if it has a shape, next to nothing if it is
# only a frame. The ratio to usual links stays moderate, which the solver of contacts likes.
_PART_MASS, _PART_INERTIA = 0.05, 2e-5  # [kg], [kg m2]
_FRAME_MASS, _FRAME_INERTIA = 1e-3, 1e-6

_LIMIT_MARGIN = 0.05  # of a joint's range: nearer to a limit than this no joint starts


@dataclass(frozen=True)
class BulletJoint:
    """A joint that a motor drives.

    Attributes:
        name: as in the URDF.
        lower: [rad or m]; -inf for none.
        upper: [rad or m]; inf for none.
        max_velocity: [rad/s or m/s], finite.
        max_effort: [N m or N], finite.
    """

    name: str
    lower: float
    upper: float
    max_velocity: float
    max_effort: float

    @property
    def rest_position(self) -> float:
        """Zero, but the middle of the limits where they exclude zero or are close [rad or m].

        An arm that starts at a limit, as Panda's elbow would, has a hard way to any target.
        """
        if not math.isfinite(self.upper - self.lower):
            return 0.0
        margin = _LIMIT_MARGIN * (self.upper - self.lower)
        if self.lower + margin <= 0.0 <= self.upper - margin:
            return 0.0
        return 0.5 * (self.lower + self.upper)


@dataclass(frozen=True)
class MimicJoint:
    """A joint that is geared to another: position = multiplier * source + offset."""

    name: str
    source: str
    multiplier: float
    offset: float


@dataclass(frozen=True)
class BulletUrdf:
    """What to load, and what to do with it.

    Attributes:
        name: the robot's.
        text: URDF with absolute mesh paths.
        joints: the driven joints, in the file's order.
        mimics: the geared joints.
        links: all link names; the first is the root.
        leaves: the links that carry no joint.
        warnings: one line for each thing that had to be left out.
    """

    name: str
    text: str
    joints: tuple[BulletJoint, ...]
    mimics: tuple[MimicJoint, ...]
    links: tuple[str, ...]
    leaves: tuple[str, ...]
    warnings: tuple[str, ...]


def prepare_urdf(
    text: str,
    folder: Path | None = None,
    *,
    default_velocity: float = 10.0,
    default_effort: float = 200.0,
    environment: Mapping[str, str] = os.environ,
) -> BulletUrdf:
    """Return a URDF that PyBullet loads whole, with its joints.

    Args:
        text: URDF, xacro already expanded.
        folder: where it came from; relative mesh names start there.
        default_velocity: for joints without a velocity limit [rad/s or m/s].
        default_effort: for joints without an effort limit [N m or N].
        environment: the environment variables, for `package://` names.

    Raises:
        UrdfError: the text is not a usable URDF.
    """
    tree = parse_urdf(text)
    root = ElementTree.fromstring(text)
    warnings = _resolve_meshes(root, folder, environment)
    for link in root.findall('link'):
        _ensure_inertia(link)
    movable = [joint for joint in tree.joints if joint.is_movable]
    return BulletUrdf(
        name=tree.name,
        text=_as_text(root),
        joints=tuple(
            _driven(joint, default_velocity, default_effort)
            for joint in movable
            if joint.mimic is None
        ),
        mimics=tuple(
            MimicJoint(joint.name, joint.mimic.source, joint.mimic.multiplier, joint.mimic.offset)
            for joint in movable
            if joint.mimic is not None
        ),
        links=(tree.root, *(link for link in tree.links if link != tree.root)),
        leaves=tree.leaves,
        warnings=tuple(warnings),
    )


def one_color_per_link(text: str) -> str:
    """Return a URDF, for looks only, in which no link has visuals of two materials.

    PyBullet's window paints a whole link in one colour. Here each further material of a link
    becomes a link of its own, fixed to it.
    """
    root = ElementTree.fromstring(text)
    for link in root.findall('link'):
        by_material: dict[str, list[ElementTree.Element]] = {}
        for visual in link.findall('visual'):
            material = visual.find('material')
            name = '' if material is None else material.get('name', '')
            by_material.setdefault(name, []).append(visual)
        for number, visuals in enumerate(list(by_material.values())[1:]):
            _move_to_own_link(root, link, visuals, f'{link.get("name")} visual {number}')
    return _as_text(root)


def _as_text(root: ElementTree.Element) -> str:
    """Return XML in short lines: PyBullet reads a file in lines and tears those beyond 8 kB."""
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding='unicode')


def _move_to_own_link(
    root: ElementTree.Element,
    link: ElementTree.Element,
    visuals: list[ElementTree.Element],
    name: str,
) -> None:
    own = ElementTree.SubElement(root, 'link', name=name)
    for visual in visuals:
        link.remove(visual)
        own.append(visual)
    _ensure_inertia(own)
    joint = ElementTree.SubElement(root, 'joint', name=f'{name} joint', type='fixed')
    ElementTree.SubElement(joint, 'parent', link=link.get('name', ''))
    ElementTree.SubElement(joint, 'child', link=name)


def _driven(joint: UrdfJoint, default_velocity: float, default_effort: float) -> BulletJoint:
    return BulletJoint(
        joint.name,
        joint.lower,
        joint.upper,
        joint.max_velocity if math.isfinite(joint.max_velocity) else default_velocity,
        joint.max_effort if math.isfinite(joint.max_effort) else default_effort,
    )


def _resolve_meshes(
    root: ElementTree.Element, folder: Path | None, environment: Mapping[str, str]
) -> list[str]:
    """Make mesh names absolute; take out the shapes whose mesh is missing, and say so."""
    warnings: dict[str, None] = {}  # an ordered set: a mesh is often both visual and collision
    for link in root.findall('link'):
        for shape in [*link.findall('visual'), *link.findall('collision')]:
            mesh = shape.find('geometry/mesh')
            if mesh is None:
                continue
            name = mesh.get('filename', '')
            path = find_mesh(name, folder, environment)
            if path is not None and path.suffix.lower() in _READABLE_MESHES:
                mesh.set('filename', str(path))
                continue
            link.remove(shape)
            reason = (
                'is not found'
                if path is None
                else f'is not one of {", ".join(_READABLE_MESHES)}, which PyBullet reads'
            )
            warnings[f'link {link.get("name")!r}: mesh {name!r} {reason}; left out'] = None
    return list(warnings)


def _ensure_inertia(link: ElementTree.Element) -> None:
    """Give a link a mass and an inertia if it has none, or none above zero."""
    inertial = link.find('inertial')
    if inertial is not None and _number(inertial, 'mass', 'value') > 0.0:
        return
    if inertial is not None:
        link.remove(inertial)
    has_shape = link.find('visual') is not None or link.find('collision') is not None
    mass, inertia = (_PART_MASS, _PART_INERTIA) if has_shape else (_FRAME_MASS, _FRAME_INERTIA)
    inertial = ElementTree.SubElement(link, 'inertial')
    ElementTree.SubElement(inertial, 'mass', value=repr(mass))
    moments = {'ixx': inertia, 'iyy': inertia, 'izz': inertia, 'ixy': 0.0, 'ixz': 0.0, 'iyz': 0.0}
    ElementTree.SubElement(
        inertial, 'inertia', {name: repr(value) for name, value in moments.items()}
    )


def _number(parent: ElementTree.Element, tag: str, attribute: str) -> float:
    child = parent.find(tag)
    try:
        return 0.0 if child is None else float(child.get(attribute, '0'))
    except ValueError:
        return 0.0
