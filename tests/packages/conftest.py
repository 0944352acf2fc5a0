# SPDX-License-Identifier: Apache-2.0
"""The packages of a build tree, made once for all tests."""
import os
import pathlib

import pytest

import package


@pytest.fixture(scope="session")
def binary():
    return pathlib.Path(os.environ["DEPOTLINK_BIN"]).resolve()


@pytest.fixture(scope="session")
def help_text(binary):
    return package.said([str(binary), "--help"])


@pytest.fixture(scope="session")
def made(binary, tmp_path_factory):
    """The folder with the .deb and the tarball."""
    folder = tmp_path_factory.mktemp("packages")
    package.make(binary.parent, folder, "DEB;External")
    return folder


@pytest.fixture(scope="session")
def deb(made):
    return package.only(made, "*.deb")


@pytest.fixture(scope="session")
def tarball(made):
    return package.only(made, "*.tar.gz")


@pytest.fixture(scope="session")
def unpacked(deb, tmp_path_factory):
    """The files of the .deb."""
    root = tmp_path_factory.mktemp("deb")
    package.said(["dpkg-deb", "-x", str(deb), str(root)])
    return root
