"""Chaos is seeded and bounded: a run is short unless --long; --seed repeats one that failed."""

import random

import pytest


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="many more rounds")
    parser.addoption("--kills", type=int, help="how many kills, where a test counts them")
    parser.addoption("--seed", type=int, default=20170607, help="of what is killed when")


@pytest.fixture
def rounds(request):
    """rounds(few, many): how often to go round in this run."""
    return lambda few, many: many if request.config.getoption("--long") else few


@pytest.fixture
def kills(request, rounds):
    """kills(few, many): as rounds, or what --kills says."""
    wanted = request.config.getoption("--kills")
    return lambda few, many: wanted or rounds(few, many)


@pytest.fixture
def chance(request):
    """The dice of one test; the same in every run with the same --seed."""
    seed = request.config.getoption("--seed")
    print(f"--seed {seed}")
    return random.Random(f"{seed} {request.node.name}")
