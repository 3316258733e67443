"""gg_log: which line goes to which pipe."""

import os
import threading

import pytest
from harness import waiting

LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
LINES = {
    "DEBUG": "debug\n",
    "INFO": "info text 42 %\n" + "w" * 100_000 + "\n",
    "WARN": "warn with its own line end\n",
    "ERROR": "error\n",
    "FATAL": "fatal: No such file or directory\n",
}


class Pipe:
    """Reads all until the program, the only writer, ends."""

    def __init__(self):
        self.read, self.write = os.pipe()
        self.data = b""
        self.thread = threading.Thread(target=self._drain)
        self.thread.start()

    def _drain(self):
        with os.fdopen(self.read, "rb") as stream:
            self.data = stream.read()

    def text(self):
        self.thread.join(waiting.HANG)
        return self.data.decode()


def run(start, level):
    pipes = {name: Pipe() for name in LEVELS}
    variables = {f"_GG_LOG_FD_{name}": str(pipe.write) for name, pipe in pipes.items()}
    program = start("log", environment=variables | {"LOG_LEVEL": level},
                    pass_fds=[pipe.write for pipe in pipes.values()])  # fmt: skip
    for pipe in pipes.values():
        os.close(pipe.write)
    code, _, err = program.end()
    assert code == 0, err
    return {name: pipe.text() for name, pipe in pipes.items()}


@pytest.mark.parametrize(
    "level, least",
    [("DEBUG", 0), ("TRACE", 0), ("NOTSET", 0), ("INFO", 1), ("nonsense", 1), ("warn", 2),
     ("FATAL", 4)],
)  # fmt: skip
def test_lines_from_the_level_on_go_to_the_pipe_of_their_own(start, level, least):
    found = run(start, level)
    assert found == {n: LINES[n] if i >= least else "" for i, n in enumerate(LEVELS)}


def test_without_pipes_lines_go_to_stdout_and_stderr(start):
    code, out, err = start("log", environment={"_GG_LOG_FD_WARN": "999", "LOG_LEVEL": "DEBUG"}).end()
    assert code == 0
    assert out == LINES["DEBUG"] + LINES["INFO"]
    assert err == LINES["WARN"] + LINES["ERROR"] + LINES["FATAL"]


def test_log_works_before_the_library_is_initialised(start):
    assert start("log", "early").end() == (0, "", "early 1\n")


def test_pipe_without_a_reader_does_not_end_the_program(start):
    read, write = os.pipe()
    os.close(read)
    program = start("log", "early", environment={"_GG_LOG_FD_WARN": str(write)}, pass_fds=[write])
    os.close(write)
    assert program.end()[0] == 4  # GGE_INTERNAL_FAILURE, and no SIGPIPE
