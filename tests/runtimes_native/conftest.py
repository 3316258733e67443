import native_programs
import pytest
from native_core import FakeCore


@pytest.fixture(scope="session")
def stub(tmp_path_factory):
    assert (native_programs.INSTALLED / native_programs.NAME).exists(), (
        f"no {native_programs.NAME} in {native_programs.INSTALLED}: ./dev build makes it"
    )
    return native_programs.Stub(tmp_path_factory.mktemp("stub"))


@pytest.fixture(scope="session")
def sanitized(tmp_path_factory):
    return native_programs.Sanitized(tmp_path_factory.mktemp("address"), "address")


@pytest.fixture(params=["stub", "sanitized"])
def built(request):
    """Every test of behaviour runs twice: as users' programs run, and with ASan and UBSan."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def core():
    with FakeCore() as running:
        yield running


@pytest.fixture
def start(built, core):
    """start("handler"): the program of that name, with the core's environment."""
    running = []

    def run(source, *arguments, **more):
        environment = core.environment() | more.pop("environment", {})
        program = native_programs.Program(
            built, source, *arguments, environment=environment, **more
        )
        running.append(program)
        return program

    yield run
    for program in running:
        program.__exit__()


@pytest.fixture
def call(start):
    """call("publish", "a/b", "x"): what the call printed, (gg_error, status, response)."""

    def run(*arguments):
        code, out, err = start("calls", *arguments).end()
        assert code == 0, err
        error, status, response = out.rstrip("\n").split(" ", 2)
        return int(error), int(status), response

    return run
