"""Fails on a list in braces, or a lambda that holds copies, among the arguments of a call that is awaited:
`co_await f(x, {a, b})`, `co_await f([kept] { ... })`.

g++ 12 destroys what such a list made, or such a lambda holds, twice, or refuses it. Name the object before the
call instead.
"""

import re
import subprocess
import sys

AWAITED = re.compile(r"co_await\b")
LIST = re.compile(r"[(,]\s*(?:[\w:]+)?\{\s*[^\s}]")
LAMBDA = re.compile(r"[(,]\s*\[([^\]\[]*)\]")


def strip(text):
    """The same length without comments and the contents of strings."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def holds_copies(captures):
    each = (capture.strip() for capture in captures.split(","))
    return any(c and c != "this" and not c.startswith("&") for c in each)


def arguments(text, start):
    """From co_await to the end of its call, of lambdas the captures alone."""
    depth, out, at = 0, [], start
    while at < len(text):
        if text[at] == "[" and (body := re.compile(r"\[[^\]]*\]\s*(\([^)]*\))?[^{;,)]*\{").match(text, at)):
            out.append(text[at : text.index("]", at) + 1])
            at, inner = body.end(), 1
            while at < len(text) and inner:
                inner += {"{": 1, "}": -1}.get(text[at], 0)
                at += 1
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth < 0 or (depth == 0 and text[at] in ";{"):
            break
        out.append(text[at])
        at += 1
    return "".join(out)


def faults_of(path):
    text = strip(open(path, encoding="utf-8").read())
    for found in AWAITED.finditer(text):
        given = arguments(text, found.end())
        if LIST.search(given) or any(holds_copies(each) for each in LAMBDA.findall(given)):
            yield f"{path}:{text.count(chr(10), 0, found.start()) + 1}"


def main():
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.cpp", "*.hpp"], capture_output=True, text=True, check=True).stdout
    faults = [fault for path in names.split() for fault in faults_of(path)]
    for fault in faults:
        print(f"{fault}: a list in braces, or a lambda that holds copies, in an awaited call, which g++ 12 gets wrong: name it before")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
