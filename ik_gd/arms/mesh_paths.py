"""Where the mesh files are that a URDF speaks of."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

_PACKAGE_SCHEMES = ('package://', 'model://')
_FILE_SCHEME = 'file://'


def find_mesh(
    filename: str, folder: Path | None, environment: Mapping[str, str] = os.environ
) -> Path | None:
    """Return the absolute path of a mesh, None where there is no such file.

    A `package://` name is looked up as ROS 2 does (share folders of AMENT_PREFIX_PATH), as ROS 1
    does (ROS_PACKAGE_PATH), and then, like a relative name, in the URDF's folder and all folders
    above it, which finds the meshes of a checkout that was never installed.

    Args:
        filename: as the URDF has it.
        folder: where the URDF lies; None if it did not come from a file.
        environment: the environment variables.
    """
    for path in _candidates(filename, folder, environment):
        if path.is_file():
            return path.resolve()
    return None


def _candidates(
    filename: str, folder: Path | None, environment: Mapping[str, str]
) -> Iterator[Path]:
    folders = () if folder is None else (folder, *folder.parents)
    scheme = next((s for s in _PACKAGE_SCHEMES if filename.startswith(s)), None)
    if scheme is None:
        name = unquote(filename.removeprefix(_FILE_SCHEME))
        if Path(name).is_absolute():
            yield Path(name)
        yield from (above / name for above in folders if not Path(name).is_absolute())
        return
    in_package = unquote(filename.removeprefix(scheme))
    package, _, rest = in_package.partition('/')
    for prefix in _folders_in(environment, 'AMENT_PREFIX_PATH'):
        yield prefix / 'share' / package / rest
    for root in _folders_in(environment, 'ROS_PACKAGE_PATH'):
        yield root / package / rest
        if root.name == package:
            yield root / rest
    for above in folders:
        yield above / in_package
        if above.name == package:
            yield above / rest
    # Bullet itself also tries the name without its package.
    yield from (above / rest for above in folders)


def _folders_in(environment: Mapping[str, str], variable: str) -> list[Path]:
    return [Path(entry) for entry in environment.get(variable, '').split(os.pathsep) if entry]
