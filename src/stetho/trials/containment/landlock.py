"""Linux's Landlock → this process and all that it starts can write nowhere but in some folders.

It stands behind the redirection: what writes past Python, in C, is turned away by the kernel.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from contextlib import suppress

from stetho.trials.containment import syscalls

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_WRITE_FILE = 1 << 1
# Removing, making whatever there is, moving to another folder, truncating.
_CHANGES = (1 << 1) | sum(1 << i for i in range(4, 13)) | (1 << 13) | (1 << 14)
_SINCE = {13: 2, 14: 3}  # right → version that has it


def only_below(folders: list[str]) -> bool:
    """Forbid this process, for good, to change anything elsewhere. Returns whether that worked."""
    if not sys.platform.startswith("linux"):
        return False
    with suppress(OSError):
        version = syscalls.call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
        rights = _CHANGES
        for bit, since in _SINCE.items():
            if version < since:
                rights &= ~(1 << bit)
        form = struct.pack("Q", rights)
        rules = syscalls.call(_CREATE, form, ctypes.c_size_t(len(form)), ctypes.c_uint32(0))
        for folder in folders:
            _allow(rules, folder, rights)
        _allow(rules, "/dev", _WRITE_FILE)
        if os.path.isdir("/dev/shm"):
            _allow(rules, "/dev/shm", rights)
        syscalls.no_new_privileges()
        syscalls.call(_RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0))
        os.close(rules)
        return True
    return False


def _allow(rules: int, folder: str, rights: int) -> None:
    handle = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        form = struct.pack("=Qi", rights, handle)
        syscalls.call(_ADD, ctypes.c_int(rules), ctypes.c_int(1), form, ctypes.c_uint32(0))
    finally:
        os.close(handle)
