"""What the dynamic linker sees: programs that exist must find all they were linked against."""

import re
import subprocess

import native_programs
import pytest

V1_0, V1_1, V1_2 = (f"aws_greengrass_core_sdk_c_1.{minor}" for minor in range(3))
VERSIONS = {
    V1_0: {
        "gg_global_init", "gg_log", "gg_request_init", "gg_request_reuse", "gg_request_close",
        "gg_request_read", "gg_runtime_start", "gg_lambda_handler_read",
        "gg_lambda_handler_write_response", "gg_lambda_handler_write_error", "gg_invoke",
        "gg_publish", "gg_get_thing_shadow", "gg_update_thing_shadow", "gg_delete_thing_shadow",
    },
    V1_1: {"gg_get_secret_value"},
    V1_2: {
        "gg_publish_options_init", "gg_publish_options_free",
        "gg_publish_options_set_queue_full_policy", "gg_publish_with_options",
    },
}  # fmt: skip


def readelf(*arguments):
    library = native_programs.INSTALLED / native_programs.NAME
    return subprocess.run(
        ["readelf", "-W", *arguments, library], check=True, capture_output=True, text=True
    ).stdout


def defined_symbols():
    """{version: names}, of all that is exported."""
    found = {}
    for line in readelf("--dyn-syms").splitlines():
        fields = line.split()
        if len(fields) < 8 or not fields[0].endswith(":") or fields[6] in ("UND", "ABS", "Ndx"):
            continue
        name, _, version = fields[7].partition("@@")
        found.setdefault(version, set()).add(name)
    return found


def test_exports_are_those_of_the_published_sdk_and_no_others(stub):
    assert defined_symbols() == VERSIONS


def test_versions_are_defined(stub):
    # Which one inherits which is not asked when a program starts, and lld doesn't write it.
    text = readelf("--version-info")
    assert re.findall(r"Flags: none .*Name: (.*)", text.partition(".gnu.version_r")[0]) == [
        V1_0, V1_1, V1_2
    ]  # fmt: skip


def test_soname_has_no_version(stub):
    assert f"Library soname: [{native_programs.NAME}]" in readelf("--dynamic")


def test_needs_libc_alone(stub):
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("--dynamic")))
    assert needed <= {"libc.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2",
                      "ld-linux-aarch64.so.1"}  # fmt: skip


def test_needs_no_newer_libc_than_debian_12_has(stub):
    versions = re.findall(r"GLIBC_2\.(\d+)", readelf("--version-info"))
    assert max(map(int, versions)) <= 36


@pytest.mark.parametrize("compiler", [["cc", "-std=c89"], ["cc", "-std=c11"], ["c++", "-x", "c++"]])
def test_header_has_the_layouts_that_programs_were_compiled_with(stub, tmp_path, compiler):
    native_programs.compile_with(
        *compiler, *native_programs.WARNINGS, "-pedantic", "-Wno-unused-local-typedefs",
        "-I", native_programs.INSTALLED / "include", "-c", native_programs.HERE / "layout.c",
        "-o", tmp_path / "layout.o",
    )  # fmt: skip


def test_program_without_the_library_on_its_path_runs_on_the_stub(stub, core):
    """So the other tests show that LD_LIBRARY_PATH makes the difference."""

    class Alone:
        build = staticmethod(stub.build)
        environment = staticmethod(dict)

    with native_programs.Program(Alone, "handler", environment=core.environment()) as program:
        code, _, err = program.end()
    assert code == 1 and "stub: gg_global_init has nothing behind it" in err
