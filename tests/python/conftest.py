"""What every test starts from: a server of its own, with one team on it and two workspaces."""

import os
import pathlib
from collections.abc import Iterator

import pytest
from oneloop_client.client import Oneloop

from server import Server

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server; the binary is named in ONELOOP_BIN."""
    binary = os.environ.get("ONELOOP_BIN")
    if binary is None:
        pytest.fail("ONELOOP_BIN must name the server's binary")
    with Server(ROOT / binary, tmp_path_factory.mktemp("oneloop")) as running:
        yield running


@pytest.fixture(scope="session")
def oneloop(server: Server) -> Oneloop:
    """The published client, unchanged: any base URL is an option of it."""
    return Oneloop(base_url=server.url, token=server.sdk_key)


@pytest.fixture(scope="session")
def workspace_id(oneloop: Oneloop) -> str:
    """A workspace with the scopes `billing` and `metrics`."""
    workspace = oneloop.create_workspace(name="Production").workspace
    for representation in ("billing", "metrics"):
        oneloop.create_workspace_scopes(
            workspace.id, name=representation.title(), representation=representation
        )
    return workspace.id
