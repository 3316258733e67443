"""Compiles the programs of this folder as a user would, and once more with the sanitizers, and runs
them."""

import subprocess

from harness import processes, waiting

HERE = processes.ROOT / "tests/runtimes_native/programs"
SOURCES = processes.ROOT / "runtimes/native"
NAME = "libaws-greengrass-core-sdk-c.so"

# Where greengrassd finds it: beside the programs.
INSTALLED = processes.BIN.parent / "share/evergrass/runtime/native"

WARNINGS = ["-Wall", "-Wextra", "-Werror"]
SANITIZERS = {
    "address": ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    "thread": ["-fsanitize=thread"],
}


def compile_with(*arguments):
    done = subprocess.run(
        [str(a) for a in arguments],
        env=processes.clean_env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout


class Stub:
    """Programs linked against the stub, which the core's library replaces when they start."""

    name = "library"

    def __init__(self, directory):
        self.directory = directory / "stub"
        self.directory.mkdir()
        compile_with(
            "cc", *WARNINGS, "-shared", "-fPIC", HERE / "stub.c", "-o", self.directory / NAME,
            f"-Wl,--version-script={HERE / 'stub.map'}", f"-Wl,-soname,{NAME}",
        )  # fmt: skip

    def build(self, source):
        program = self.directory / source
        if not program.exists():
            compile_with(
                "cc", "-std=gnu99", *WARNINGS, "-pthread", "-I", INSTALLED / "include",
                HERE / f"{source}.c", "-o", program, "-L", self.directory,
                "-laws-greengrass-core-sdk-c", f"-Wl,-rpath,{self.directory}",
                "-Wl,--enable-new-dtags",
            )  # fmt: skip
        return program

    def environment(self):
        return {"LD_LIBRARY_PATH": str(INSTALLED)}


class Sanitized:
    """Programs with the library's sources in them, both under a sanitizer."""

    def __init__(self, directory, sanitizer):
        self.name = sanitizer
        self._flags = ["-g", "-O1", *SANITIZERS[sanitizer]]
        self.directory = directory / sanitizer
        self.directory.mkdir()
        self._objects = []
        for source in sorted(SOURCES.glob("*.c")):
            made = self.directory / f"{source.stem}.o"
            compile_with(
                "cc", "-std=c11", "-D_GNU_SOURCE", *WARNINGS, *self._flags, "-c", source, "-o", made
            )  # fmt: skip
            self._objects.append(made)

    def build(self, source):
        program = self.directory / source
        if not program.exists():
            compile_with(
                "cc", "-std=gnu99", *WARNINGS, *self._flags, "-pthread", "-I", SOURCES / "include",
                HERE / f"{source}.c", *self._objects, "-o", program,
            )  # fmt: skip
        return program

    def environment(self):
        return {"ASAN_OPTIONS": "detect_leaks=1", "TSAN_OPTIONS": "halt_on_error=1"}


class Program:
    """One that runs. `with` kills what is left of it."""

    def __init__(self, built, source, *arguments, environment, pass_fds=()):
        self.process = subprocess.Popen(
            [str(built.build(source)), *arguments],
            env=processes.clean_env(**environment, **built.environment()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=pass_fds,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def terminate(self):
        self.process.terminate()

    def end(self):
        """Waits for its end; (exit code, stdout, stderr)."""
        out, err = self.process.communicate(timeout=waiting.HANG)
        return self.process.returncode, out.decode(), err.decode()
