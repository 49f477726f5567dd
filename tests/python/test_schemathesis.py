"""Schemathesis against the real binary: what its own document allows, and much that it does not.

No answer may be a 5xx, have a status that is not documented, or differ from its schema.
"""

import json
import pathlib
import subprocess
import sys

import pytest
from oneloop_client.client import Oneloop

from server import Server

SEED = 20_261_123
"""One run is like the next."""

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
"""`unsupported_method` is left out: the migration endpoint hides, and answers 404 to a wrong method where the check
wants 405. That every other URL answers 405 is a test of the proxy's own."""


def configuration(folder: pathlib.Path, names: dict[str, list[str]]) -> pathlib.Path:
    """Lets most of what is asked be about things that exist: about nothing, all answers are 404."""
    lines = ["color = false", "[output.truncation]", "enabled = false"]
    for name, values in names.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    lines.append("[parameters]")
    for name in names:
        lines.append(f'"path.{name}" = {{ dictionary = "{name}", probability = 0.8 }}')
    lines += [
        # For a key that is none, `apiKeyId` is empty text: nothing to build the next URL from.
        "[[operations]]",
        'include-operation-id = "verify_api_key"',
        "phases.stateful.enabled = false",
    ]
    file = folder / "schemathesis.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize(
    ("header", "examples"), [("Authorization", 40), ("X-Link-Token", 15)], ids=["sdk-key", "link-token"]
)
def test_the_document_is_true(
    header: str,
    examples: int,
    server: Server,
    oneloop: Oneloop,
    workspace_id: str,
    tmp_path: pathlib.Path,
) -> None:
    server.open_migration_window()
    keys = [
        oneloop.create_api_key(
            name=f"key {at}", workspace_id=workspace_id, customer_id="northwind", enabled=True, scopes=[]
        ).api_key.id
        for at in range(3)
    ]
    token = oneloop.generate_link_token(workspace_id=workspace_id, customer_id="northwind").token
    names = {"workspace": [workspace_id], "api_key": keys, "token": [token]}
    credential = {"Authorization": f"Bearer {server.sdk_key}", "X-Link-Token": token}[header]
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        f"--config-file={configuration(tmp_path, names)}",
        "run",
        f"{server.url}/openapi.json",
        f"--header={header}: {credential}",
        f"--checks={','.join(CHECKS)}",
        f"--seed={SEED}",
        f"--max-examples={examples}",
        "--continue-on-failure",
        "--generation-database=none",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
