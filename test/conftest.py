"""For all tests: a ROS domain of their own, so that tests run side by side without meeting.

Every test process (each pytest-xdist worker is one) takes one domain and holds it until it ends.
Programs that a test starts inherit it, and the ik_gd that is being tested.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import ik_gd

# Linux hands out the ports of higher domains to anybody (docs.ros.org, "The ROS_DOMAIN_ID").
DOMAINS = range(1, 101)


def _has_participants(domain: int) -> bool:
    """Return whether someone holds a discovery port of `domain` (RTPS 2.5, 9.6.2.3)."""
    shared = 7400 + 250 * domain
    return any(_is_taken(port) for port in (shared, shared + 10))  # + 10: the first one's own


def _is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', port))
        except OSError:
            return True
    return False


@contextmanager
def _hold_free_domain() -> Iterator[int]:
    """Yield a domain that nobody uses, and keep other test processes off it meanwhile."""
    folder = Path(tempfile.gettempdir()) / f'ros_domains_{os.getuid()}'
    folder.mkdir(exist_ok=True)
    for domain in random.sample(DOMAINS, len(DOMAINS)):
        with (folder / str(domain)).open('w') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if not _has_participants(domain):
                yield domain
                return
    raise RuntimeError(f'all ROS domains from {DOMAINS[0]} to {DOMAINS[-1]} are in use')


@pytest.fixture(scope='session', autouse=True)
def ros_domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The ROS domain of this test process; its environment tells rclpy and the children."""
    with _hold_free_domain() as domain, pytest.MonkeyPatch.context() as patch:
        patch.setenv('ROS_DOMAIN_ID', str(domain))
        patch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
        patch.setenv('ROS_LOG_DIR', str(tmp_path_factory.mktemp('ros_log')))
        patch.setenv('PYTHONPATH', str(Path(ik_gd.__file__).parent.parent), prepend=os.pathsep)
        yield domain
