"""A worker that was started before it was known for which function.

Its jail has nothing of any function until it is given one. A function that would have found
another interpreter, had it been started for it, gets one: see _fits().
"""
# What most functions import by themselves or by an SDK, and what the loop needs: loaded while
# nobody waits for it.
import base64  # noqa: F401
import json  # noqa: F401
import logging  # noqa: F401
import os
import socket  # noqa: F401
import sys

from evergrass_runtime import log_handler, loop  # noqa: F401
from greengrass_common import function_arn_fields, parse_version  # noqa: F401
from greengrass_ipc_python_sdk import ipc_client  # noqa: F401

_STANDARD_INPUT = 0
# Variables that an interpreter and its libraries read when they start.
_OF_THE_START = ('PATH', 'HOME', 'LANG', 'LANGUAGE', 'TZ', 'GLIBC_TUNABLES')
_OF_THE_START_BY_PREFIX = ('PYTHON', 'LD_', 'LC_', 'MALLOC_')
# These win over the package's, whenever they are imported.
_OURS = ('evergrass_runtime', 'greengrass_common', 'greengrass_ipc_python_sdk')
# Of a package, what the interpreter's own start looks for there.
_TAKEN_AT_START = ('sitecustomize', 'usercustomize')
_USERS_PACKAGES = '.local'

_text = getattr(os, 'fsdecode', str)


def take_order():
    """Reads from standard input who this is to be, and becomes it. Ends the process when nobody
    needs it."""
    words = [_text(word) for word in _read_all(_STANDARD_INPUT).split(b'\0')]
    if len(words) < 4:
        os._exit(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, _STANDARD_INPUT)
    os.close(null)
    program, directory, end = words[0], words[1], 3 + int(words[2])
    arguments = words[3:end]
    environment = dict(variable.split('=', 1) for variable in words[end:-1])
    os.chdir(directory)
    if not _fits(directory, environment):
        os.execve(program, arguments, environment)
    os.environ.update(environment)
    sys.argv[:] = arguments[1:]
    if hasattr(sys, 'orig_argv'):
        sys.orig_argv[:] = arguments


def _fits(directory, environment):
    """Would an interpreter that starts for this function be as this one is?"""
    expected = dict(os.environ, PYTHONPATH=directory)
    for name, value in environment.items():
        of_start = name in _OF_THE_START or name.startswith(_OF_THE_START_BY_PREFIX)
        if of_start and expected.get(name) != value:
            return False
    # The package comes before the library: its json.py is what the function wants.
    files = os.listdir(directory)
    modules = set(name.split('.', 1)[0] for name in files).difference(_OURS)
    return (_USERS_PACKAGES not in files and modules.isdisjoint(_TAKEN_AT_START) and
            modules.isdisjoint(sys.modules))


def _read_all(descriptor):
    pieces = []
    while True:
        piece = os.read(descriptor, 65536)
        if not piece:
            return b''.join(pieces)
        pieces.append(piece)
