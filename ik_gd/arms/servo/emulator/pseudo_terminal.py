"""A pseudo-terminal behind a path that stays the same, as a by-id path does (Linux)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import termios
import tty
from pathlib import Path

from ik_gd.core.errors import ArmError

TCGETS2 = 0x802C542A  # of asm-generic: also knows rates that have no B constant
RATES = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name.startswith('B') and name[1:].isdigit()
}


class PseudoTerminal:
    """The adapter's two ends: ours is `master`, the host's is opened through `link`.

    Args:
        link: a symbolic link to put at the host's end; an old link there is replaced.

    Raises:
        ArmError: `link` is taken by something else, or its folder does not exist.
    """

    def __init__(self, link: Path) -> None:
        if link.exists() and not link.is_symlink():
            raise ArmError(f'{link}: is in the way of the virtual port; choose another --link')
        self.master, self._slave = os.openpty()
        self._link = link
        tty.setraw(self._slave)  # and hold it open, so that the settings of a host stay
        os.set_blocking(self.master, False)
        draft = link.with_name(f'{link.name}.{os.getpid()}')
        try:
            draft.symlink_to(os.ttyname(self._slave))
            draft.replace(link)
        except OSError as error:
            os.close(self.master)
            os.close(self._slave)
            raise ArmError(f'{link}: cannot link the virtual port: {error.strerror}') from None

    def host_baud(self) -> int:
        """Return the rate that the host has set [bit/s]; 0 if it hung up."""
        try:
            return int(
                struct.unpack_from('=I', fcntl.ioctl(self.master, TCGETS2, bytes(44)), 40)[0]
            )
        except OSError:
            return RATES.get(termios.tcgetattr(self.master)[5], 0)

    def read(self) -> bytes:
        """Return what the host has written; call it when `master` is readable."""
        data = os.read(self.master, 4096)
        # a host that asked for exclusive use would lock out the next one: we keep the port open
        fcntl.ioctl(self._slave, termios.TIOCNXCL)
        return data

    def write(self, data: bytes) -> None:
        """Let the host read `data`; what it does not fetch in time is lost, as in an adapter."""
        with contextlib.suppress(BlockingIOError):
            os.write(self.master, data)

    def close(self) -> None:
        """Hang up: the host's reads and writes fail, and the path is gone."""
        with contextlib.suppress(OSError):
            if os.readlink(self._link) == os.ttyname(self._slave):
                self._link.unlink()
        os.close(self.master)
        os.close(self._slave)
