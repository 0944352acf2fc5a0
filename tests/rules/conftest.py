# SPDX-License-Identifier: Apache-2.0
import pathlib

import pytest


def pytest_addoption(parser):
    parser.addoption("--build-dir", help="a configured build tree, with compile_commands.json")


@pytest.fixture(scope="session")
def build_dir(request):
    folder = request.config.getoption("--build-dir")
    if not folder or not (pathlib.Path(folder) / "compile_commands.json").exists():
        pytest.fail("--build-dir must name a build tree with compile_commands.json")
    return folder
