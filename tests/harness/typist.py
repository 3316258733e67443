"""Someone at a terminal of their own, before a program that asks."""

import contextlib
import os
import pty
import termios

from . import processes, waiting

CTRL_C = b"\x03"


class Typist:
    """Leaves with the `with` block, and the program with it."""

    def __init__(self, *command, env=None):
        self.seen = b""
        command = [str(part) for part in command]
        pid, self._terminal = pty.fork()
        if pid == 0:
            os.execve(command[0], command, env or processes.clean_env())
        self.pid = pid

    def is_asked(self, question):
        """The program has asked, and what is typed from now on is not shown."""
        before = len(self.seen)
        while question not in self.seen[before:]:
            self.seen += os.read(self._terminal, 1024)
        waiting.until("it does not show what is typed", lambda: not self.echoes())

    def types(self, line, question=b"not shown"):
        self.is_asked(question)
        self.presses(line.encode() + b"\n")

    def presses(self, keys):
        os.write(self._terminal, keys)

    def echoes(self):
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)

    def status(self):
        """The exit status, after all that was said. The terminal has to be as the program found it."""
        with contextlib.suppress(OSError):  # how a terminal says that nobody has it any more
            while more := os.read(self._terminal, 1024):
                self.seen += more
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.pid = None
        assert self.echoes(), f"the terminal still hides what is typed: {self.seen}"
        return status

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.pid is not None:
            processes.kill(self.pid)
            os.waitpid(self.pid, 0)
        os.close(self._terminal)
