"""A page that claims something names the test that shows it: fails on a name that no test has.

A claim is in backticks, from the root of the tree:

    `tests/system/test_x.py::test_name`          a function of that file
    `libs/mqtt/topic_test.cpp::topic_name.fits`  TEST, TEST_F or TEST_P of that suite and name

Run from anywhere; no arguments.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLAIM = re.compile(r"`([\w/.-]+(?:\.py|_test\.cpp))::([\w.]+)`")
# Pages of which every row of a table has to name a test.
ALL_ROWS = ("docs/threat-model.md", "docs/hardening.md")


def defines(text, suffix, name):
    if suffix == ".py":
        return re.search(rf"^(?:async )?def {re.escape(name)}\(", text, re.MULTILINE) is not None
    suite, dot, test = name.partition(".")
    pattern = rf"\bTEST(?:_F|_P)?\(\s*{re.escape(suite)}\s*,\s*{re.escape(test)}\s*\)"
    return bool(dot) and re.search(pattern, text) is not None


def fault_of(file, name):
    """Why this claim does not hold, or None."""
    path = ROOT / file
    if not path.is_file():
        return f"there is no file {file}"
    if not defines(path.read_text(), path.suffix, name):
        return f"{file} has no test {name}"
    return None


def rows_without_test(page, text):
    """Rows of tables whose last column is headed `tests` and that name none."""
    in_claims = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            in_claims = False
        elif line.rstrip("| ").endswith("| tests"):
            in_claims = True
        elif in_claims and not set(line) <= set("|- ") and not CLAIM.search(line):
            yield f"{page}:{number}: a claim without a test"


def main():
    faults, claims = [], 0
    for path in sorted((ROOT / "docs").rglob("*.md")):
        page, text = path.relative_to(ROOT).as_posix(), path.read_text()
        for match in CLAIM.finditer(text):
            claims += 1
            if why := fault_of(*match.groups()):
                faults.append(f"{page}:{text.count(chr(10), 0, match.start()) + 1}: {why}")
        if page in ALL_ROWS:
            faults += rows_without_test(page, text)
    for fault in faults:
        print(fault)
    print(f"named tests: {claims} claims, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
