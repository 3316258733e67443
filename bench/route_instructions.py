"""Instructions of one message through the router, by callgrind: what a busy machine can't change.

    bench/route_instructions.py build/bench/bin/route_count
"""

import re
import subprocess
import sys

SIZES = (10, 1_000, 10_000, 100_000)
MESSAGES = 20_000


def instructions(program, size, messages):
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, str(size), str(messages)],
        stderr=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print("subscriptions  instructions/message")
    for size in SIZES:
        more = instructions(sys.argv[1], size, MESSAGES) - instructions(sys.argv[1], size, 0)
        print(f"{size:13}  {more / MESSAGES:.0f}")


if __name__ == "__main__":
    main()
