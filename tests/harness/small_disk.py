"""A disk of a few MiB, which a test fills and empties: a tmpfs, mounted where a program keeps its files."""

import errno
import os
import subprocess
from pathlib import Path

MIB = 1024 * 1024


def missing_right():
    """Why none can be made here, or None."""
    return None if os.geteuid() == 0 else "only root may mount a tmpfs"


class SmallDisk:
    """At `folder`, which is made when missing, with mode 0700. `with` takes it away."""

    def __init__(self, folder, size):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", self.folder], check=True
        )
        self._ballast = self.folder / "ballast"
        self.full = False

    def fill(self):
        """Until not one byte more goes in; what is there may grow no page."""
        self.full = True
        with open(self._ballast, "ab", buffering=0) as ballast:
            for block in (MIB, 4096):
                try:
                    while ballast.write(bytes(block)) == block:
                        pass
                except OSError as failure:
                    if failure.errno != errno.ENOSPC:
                        raise

    def free(self):
        self.full = False
        self._ballast.unlink(missing_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        # Lazily: a program that was killed may still be on its way out.
        subprocess.run(["umount", "-l", self.folder], check=True)
