"""One run directory for all tests that do not write into it."""

import pytest

import analysis
from tests.analysis.exports.folder import written


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    return analysis.load(written(tmp_path_factory.mktemp("runs") / "by_hand-00000000"))
