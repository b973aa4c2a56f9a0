"""The table of peers: one adaptor a file, imported only when it is measured."""

from __future__ import annotations

from importlib import import_module

from ik_gd.benchmark.peers.peer import Peer
from ik_gd.core.errors import SettingsError

# short name: (module in this package, class)
_ADAPTORS = {
    'rtb': ('robotics_toolbox', 'RoboticsToolbox'),
    'optik': ('optik_peer', 'Optik'),
    'tracik': ('trac_ik', 'TracIk'),
    'kdl': ('kdl', 'Kdl'),
    'pybullet': ('bullet', 'Bullet'),
    'pink': ('pink_peer', 'Pink'),
    'ikpy': ('ikpy_peer', 'Ikpy'),
}
PEER_NAMES = tuple(_ADAPTORS)


def load_peer(name: str) -> type[Peer]:
    """Return the adaptor class of the peer called `name`.

    Raises:
        SettingsError: there is no such peer.
        ImportError: its library is not installed.
    """
    if name not in _ADAPTORS:
        raise SettingsError(f'no peer {name!r}; the peers are {", ".join(PEER_NAMES)}')
    module, cls = _ADAPTORS[name]
    peer: type[Peer] = getattr(import_module(f'{__name__}.{module}'), cls)
    return peer
