"""The folders are the architecture: fails on an #include that points up or past the CMake link lists.

    apps -> edge | cloud -> contract -> libs          edge and cloud never include each other

Besides, a folder may include only what its evergrass_library/evergrass_program LINKS, directly or
through what it links, and no LINKS entry may point up either. Test code (*_test.cpp, test_*.hpp) may
besides include what target_link_libraries(<folder>_test ...) adds. Run from anywhere; no arguments.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What each layer may include besides itself.
BELOW = {
    "apps": {"edge", "cloud", "contract", "libs"},
    "edge": {"contract", "libs"},
    "cloud": {"contract", "libs"},
    "contract": {"libs"},
    "libs": set(),
}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
TARGET = re.compile(r"evergrass_(library|program)\(\s*([\w-]+)(?:\s+TOGETHER)?(?:\s+LINKS\s+([^)]*))?\)")
TEST_LINKS = re.compile(r"target_link_libraries\(\s*[\w-]+_test\s+PRIVATE\s+([^)]*)\)")


def source_files():
    for layer in BELOW:
        for path in sorted((ROOT / layer).rglob("*")):
            if path.suffix in {".cpp", ".hpp", ".h", ".c"}:
                yield path.relative_to(ROOT)


def folder_of(path):
    return path.parent.as_posix()


def layer_of(folder):
    return folder.split("/")[0]


def is_test_code(path):
    return path.stem.endswith("_test") or path.stem.startswith("test_")


def read_links():
    """({folder: names it links}, {folder: names its tests add}, {target name: folder})."""
    links, test_links, folders = {}, {}, {}
    for layer in BELOW:
        for file in sorted((ROOT / layer).rglob("CMakeLists.txt")):
            folder, text = folder_of(file.relative_to(ROOT)), file.read_text()
            for kind, name, wanted in TARGET.findall(text):
                folders[f"evergrass_{name}" if kind == "library" else name] = folder
                links[folder] = wanted.split()
            test_links[folder] = " ".join(TEST_LINKS.findall(text)).split()
    return links, test_links, folders


def reachable(links, folders):
    """{folder: every folder that it links, directly or not}; external libraries are left out."""
    direct = {
        folder: {folders[name] for name in names if name in folders}
        for folder, names in links.items()
    }

    def walk(folder, seen):
        for below in direct.get(folder, ()):
            if below not in seen:
                seen.add(below)
                walk(below, seen)
        return seen

    return {folder: walk(folder, set()) for folder in direct}


def wrong_arrow(source, target):
    """Why a folder must not lean on another by their layers alone, or None."""
    above, below = layer_of(source), layer_of(target)
    if above == below or below in BELOW[above]:
        return None
    if {above, below} == {"edge", "cloud"}:
        return "edge and cloud know each other only through contract"
    return f"{above} stands below {below}"


def link_faults(links, folders, reach):
    for folder, names in links.items():
        for name in names:
            if name.startswith("evergrass_") and name not in folders:
                yield f"{folder}/CMakeLists.txt: links {name}, which no folder makes"
        for below in sorted(reach[folder]):
            if why := wrong_arrow(folder, below):
                yield f"{folder}/CMakeLists.txt: reaches {below}: {why}"
        if folder in reach[folder]:
            yield f"{folder}/CMakeLists.txt: its links come back to itself"


def tests_reach(folder, test_links, folders, reach):
    """What test code of the folder may include: what it links and all that comes with it."""
    direct = {folders[name] for name in test_links.get(folder, ()) if name in folders}
    return reach.get(folder, set()).union(direct, *(reach[below] for below in direct))


def include_faults(path, allowed):
    """`allowed`: the folders that this file may include besides its own."""
    folder = folder_of(path)
    text = (ROOT / path).read_text(errors="replace")
    for match in INCLUDE.finditer(text):
        name = match.group(1)
        where = f"{path}:{text.count(chr(10), 0, match.start(1)) + 1}"
        if not (ROOT / name).is_file():
            yield f'{where}: "{name}" is no path from the root of the tree'
            continue
        target = folder_of(Path(name))
        if target == folder:
            continue
        if layer_of(target) not in BELOW:
            yield f'{where}: "{name}" is outside of the layers {", ".join(BELOW)}'
        elif why := wrong_arrow(folder, target):
            yield f'{where}: "{name}": {why}'
        elif target not in allowed:
            yield f'{where}: "{name}": {folder}/CMakeLists.txt does not link {target}'


def main():
    links, test_links, folders = read_links()
    reach = reachable(links, folders)
    faults = list(link_faults(links, folders, reach))
    files = list(source_files())
    for path in files:
        folder = folder_of(path)
        allowed = reach.get(folder, set())
        if is_test_code(path):
            allowed = tests_reach(folder, test_links, folders, reach)
        faults += include_faults(path, allowed)
    for fault in faults:
        print(fault)
    print(f"include graph: {len(files)} files, {len(reach)} folders, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
