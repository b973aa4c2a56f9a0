"""A robot description as text becomes a checked tree of links and joints.

URDF is read with the standard library's XML parser; xacro is expanded first by the `xacro`
library. Nothing of meshes, inertia or colour is kept: this is what kinematics needs.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from transforms3d.euler import euler2mat

from ik_gd.core.errors import UrdfError

MOVABLE_TYPES = ('revolute', 'continuous', 'prismatic')
KNOWN_TYPES = (*MOVABLE_TYPES, 'fixed', 'floating', 'planar')


@dataclass(frozen=True)
class Mimic:
    """A joint that follows another: position = multiplier * source position + offset."""

    source: str
    multiplier: float
    offset: float


@dataclass(frozen=True, eq=False)
class UrdfJoint:
    """One <joint>.

    Attributes:
        name: unique in the tree.
        kind: one of KNOWN_TYPES.
        parent: link that carries it.
        child: link that it moves.
        transform_joint_to_parent: (4, 4) joint frame at position zero, in the parent link [m].
        axis: (3,) unit vector in the joint frame.
        lower: [rad or m]; -inf for continuous joints.
        upper: [rad or m]; inf for continuous joints.
        max_velocity: [rad/s or m/s]; inf where the file gives none, or zero.
        max_effort: [N m or N]; inf where the file gives none, or zero.
        mimic: None for a joint of its own.
    """

    name: str
    kind: str
    parent: str
    child: str
    transform_joint_to_parent: NDArray[np.float64]
    axis: NDArray[np.float64]
    lower: float
    upper: float
    max_velocity: float
    max_effort: float
    mimic: Mimic | None

    @property
    def is_movable(self) -> bool:
        """Whether it has one degree of freedom, its own or that of the joint it mimics."""
        return self.kind in MOVABLE_TYPES


@dataclass(frozen=True)
class UrdfTree:
    """All links and joints of a robot description; connected, one root, no cycle."""

    name: str
    links: tuple[str, ...]
    joints: tuple[UrdfJoint, ...]

    @property
    def root(self) -> str:
        """The one link that no joint moves."""
        children = {joint.child for joint in self.joints}
        return next(link for link in self.links if link not in children)

    @property
    def leaves(self) -> tuple[str, ...]:
        """The links that carry no joint, in the file's order."""
        parents = {joint.parent for joint in self.joints}
        return tuple(link for link in self.links if link not in parents)

    def joint(self, name: str) -> UrdfJoint:
        """Return the joint called `name`; UrdfError if there is none."""
        for joint in self.joints:
            if joint.name == name:
                return joint
        names = ', '.join(joint.name for joint in self.joints)
        raise UrdfError(f'no joint {name!r} in {self.name}; its joints are {names}')

    def path(self, base_link: str | None, tip_link: str | None) -> tuple[UrdfJoint, ...]:
        """Return the joints from `base_link` down to `tip_link`, fixed ones included.

        Args:
            base_link: None for the root.
            tip_link: None for the only leaf.

        Raises:
            UrdfError: no such link, several possible tips, or the base is not above the tip.
        """
        base = self.root if base_link is None else self._known_link(base_link, 'base')
        tip = self._only_leaf() if tip_link is None else self._known_link(tip_link, 'tip')
        joint_above = {joint.child: joint for joint in self.joints}
        joints: list[UrdfJoint] = []
        link = tip
        while link != base:
            if link not in joint_above:
                raise UrdfError(
                    f'base link {base!r} is not above tip link {tip!r}; above it are '
                    f'{", ".join(joint.parent for joint in joints) or "no links"}'
                )
            joints.append(joint_above[link])
            link = joints[-1].parent
        return tuple(reversed(joints))

    def _known_link(self, link: str, role: str) -> str:
        if link not in self.links:
            raise UrdfError(
                f'no {role} link {link!r} in {self.name}; its links are {", ".join(self.links)}'
            )
        return link

    def _only_leaf(self) -> str:
        if len(self.leaves) != 1:
            raise UrdfError(
                f'{self.name} has several possible tip links: {", ".join(self.leaves)}; name one'
            )
        return self.leaves[0]


def load_urdf_text(source: str | Path) -> tuple[str, Path | None]:
    """Return URDF text with xacro expanded, and the folder that it came from.

    Args:
        source: a path to a URDF or xacro file, or the text of one (it starts with '<').

    Returns:
        The text, and the file's absolute folder (None when text was given).

    Raises:
        UrdfError: the file cannot be read, or xacro cannot expand it.
    """
    if isinstance(source, str) and source.lstrip('\ufeff \t\r\n').startswith('<'):
        text, path = source.lstrip('\ufeff \t\r\n'), None
    else:
        path = Path(source).expanduser()
        try:
            text = path.read_text(encoding='utf-8')
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, 'strerror', None) or error
            raise UrdfError(
                f'cannot read the robot description {str(path)!r}: {reason}'
            ) from error
    text = _with_declared_prefixes(text)
    if 'xmlns:xacro' in text:
        text = _expand_xacro(text, path)
    return text, None if path is None else path.resolve().parent


def parse_urdf(text: str) -> UrdfTree:
    """Return the checked tree of a URDF's text.

    Raises:
        UrdfError: not XML, not a <robot>, duplicate or unknown names, a cycle, several roots, an
            unknown joint type, a number that is not one, a zero axis, lower > upper, missing
            limits.
    """
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise UrdfError(f'the robot description is not XML: {error}') from error
    if root.tag != 'robot':
        raise UrdfError(f'the robot description starts with <{root.tag}>, not with <robot>')
    links = tuple(_name_of(element, 'link') for element in root.findall('link'))
    joints = tuple(_read_joint(element) for element in root.findall('joint'))
    if not links:
        raise UrdfError('the robot description has no <link>')
    _check_unique(links, 'link')
    _check_unique(tuple(joint.name for joint in joints), 'joint')
    _check_tree(links, joints)
    return UrdfTree(root.get('name', 'robot'), links, joints)


def _with_declared_prefixes(text: str) -> str:
    """Declare the name prefixes that the text uses and does not declare, such as `drake:`.

    Some tools write robot descriptions so, and most readers do not mind; strict XML does. What
    has a prefix means nothing to kinematics. Only `xacro:` does, and is left to be an error.
    """
    used = set(re.findall(r'[<\s]([A-Za-z_][\w.-]*):[A-Za-z_]', text))
    missing = sorted(p for p in used - {'xml', 'xmlns', 'xacro'} if f'xmlns:{p}' not in text)
    declared = ''.join(f' xmlns:{prefix}="urn:undeclared:{prefix}"' for prefix in missing)
    return re.sub(r'<robot\b', f'<robot{declared}', text, count=1) if missing else text


def _expand_xacro(text: str, path: Path | None) -> str:
    import xacro  # only xacro files pay for it

    try:
        if path is not None:
            return str(xacro.process_file(str(path)).toxml())
        document = xacro.parse(text)
        xacro.process_doc(document)
        return str(document.toxml())
    except Exception as error:  # xacro evaluates Python: any exception can come out of it
        raise UrdfError(f'xacro cannot expand {str(path or "the text")!r}: {error}') from error


def _name_of(element: ElementTree.Element, tag: str) -> str:
    name = element.get('name')
    if not name:
        raise UrdfError(f'a <{tag}> has no name')
    return name


def _check_unique(names: tuple[str, ...], tag: str) -> None:
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise UrdfError(f'duplicate {tag} name: {", ".join(doubles)}')


def _check_tree(links: tuple[str, ...], joints: tuple[UrdfJoint, ...]) -> None:
    known = set(links)
    joint_above: dict[str, UrdfJoint] = {}
    for joint in joints:
        for role, link in (('parent', joint.parent), ('child', joint.child)):
            if link not in known:
                raise UrdfError(
                    f'joint {joint.name!r}: no {role} link {link!r}; the links are '
                    f'{", ".join(links)}'
                )
        if joint.child in joint_above:
            raise UrdfError(
                f'link {joint.child!r} is the child of two joints, '
                f'{joint_above[joint.child].name!r} and {joint.name!r}'
            )
        joint_above[joint.child] = joint
    for link in links:
        seen = [link]
        while seen[-1] in joint_above:
            seen.append(joint_above[seen[-1]].parent)
            if seen[-1] in seen[:-1]:
                raise UrdfError(f'the links form a cycle: {" -> ".join(reversed(seen))}')
    roots = [link for link in links if link not in joint_above]
    if len(roots) > 1:
        raise UrdfError(f'the links do not hang together: {", ".join(roots)} have no parent')


def _read_joint(element: ElementTree.Element) -> UrdfJoint:
    name = _name_of(element, 'joint')
    kind = element.get('type', '')
    if kind not in KNOWN_TYPES:
        raise UrdfError(f'joint {name!r}: type {kind!r} is not one of {", ".join(KNOWN_TYPES)}')
    lower, upper, velocity, effort = _read_limit(element, name, kind)
    return UrdfJoint(
        name=name,
        kind=kind,
        parent=_read_link(element, name, 'parent'),
        child=_read_link(element, name, 'child'),
        transform_joint_to_parent=_read_origin(element, name),
        axis=_read_axis(element, name, kind),
        lower=lower,
        upper=upper,
        max_velocity=velocity,
        max_effort=effort,
        mimic=_read_mimic(element, name),
    )


def _read_link(element: ElementTree.Element, joint: str, role: str) -> str:
    child = element.find(role)
    link = None if child is None else child.get('link')
    if not link:
        raise UrdfError(f'joint {joint!r} has no <{role} link="...">')
    return link


def _read_origin(element: ElementTree.Element, joint: str) -> NDArray[np.float64]:
    origin = element.find('origin')
    T = np.eye(4)
    if origin is not None:
        T[:3, 3] = _read_numbers(origin.get('xyz', '0 0 0'), 3, f'joint {joint!r}: origin xyz')
        rpy = _read_numbers(origin.get('rpy', '0 0 0'), 3, f'joint {joint!r}: origin rpy')
        T[:3, :3] = euler2mat(*rpy, axes='sxyz')
    T.flags.writeable = False
    return T


def _read_axis(element: ElementTree.Element, joint: str, kind: str) -> NDArray[np.float64]:
    child = element.find('axis')
    text = '1 0 0' if child is None else child.get('xyz', '1 0 0')
    axis = _read_numbers(text, 3, f'joint {joint!r}: axis')
    length = float(np.linalg.norm(axis))
    if length < 1e-9:
        if kind in MOVABLE_TYPES:
            raise UrdfError(f'joint {joint!r}: the axis {text!r} has no direction')
        length = 1.0
    axis = axis / length
    axis.flags.writeable = False
    return axis


def _read_limit(
    element: ElementTree.Element, joint: str, kind: str
) -> tuple[float, float, float, float]:
    limit = element.find('limit')
    if limit is None:
        if kind in ('revolute', 'prismatic'):
            raise UrdfError(f'joint {joint!r} is {kind} and has no <limit>')
        return -math.inf, math.inf, math.inf, math.inf

    def number(attribute: str) -> float:
        what = f'joint {joint!r}: limit {attribute}'
        return float(_read_numbers(limit.get(attribute, '0'), 1, what)[0])

    # A zero means "not known" in the files people have: an arm that cannot move is not described.
    velocity, effort = (abs(number(name)) or math.inf for name in ('velocity', 'effort'))
    if kind not in ('revolute', 'prismatic'):
        return -math.inf, math.inf, velocity, effort
    lower, upper = number('lower'), number('upper')
    if lower > upper:
        raise UrdfError(f'joint {joint!r}: lower limit {lower:g} is above upper limit {upper:g}')
    return lower, upper, velocity, effort


def _read_mimic(element: ElementTree.Element, joint: str) -> Mimic | None:
    mimic = element.find('mimic')
    if mimic is None:
        return None
    source = mimic.get('joint')
    if not source:
        raise UrdfError(f'joint {joint!r}: <mimic> names no joint')
    what = f'joint {joint!r}: mimic'
    return Mimic(
        source,
        float(_read_numbers(mimic.get('multiplier', '1'), 1, f'{what} multiplier')[0]),
        float(_read_numbers(mimic.get('offset', '0'), 1, f'{what} offset')[0]),
    )


def _read_numbers(text: str, count: int, what: str) -> NDArray[np.float64]:
    try:
        values = np.array([float(word) for word in text.split()])
    except ValueError:
        values = np.empty(0)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise UrdfError(f'{what} is {text!r}, not {count} finite number{"s" if count > 1 else ""}')
    return values
