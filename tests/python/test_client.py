"""The published Python client, the strictest there is, through every one of its methods.

It raises on a required field that is missing or null and on a word it does not know, so a call that
returns has proved the shape of the answer.
"""

import asyncio
import json
import pathlib
import re
import time

import pytest
from oneloop_client import ApiKeyScope
from oneloop_client.client import AsyncOneloop, Oneloop
from oneloop_client.core.api_error import ApiError
from oneloop_client.errors import BadRequestError, ForbiddenError, UnauthorizedError
from oneloop_client.types.verify_api_key_request_billing import VerifyApiKeyRequestBilling
from oneloop_client.types.verify_api_key_request_rate_limit_config import (
    VerifyApiKeyRequestRateLimitConfig,
)
from oneloop_client.types.verify_jwt_request_rate_limit_config import (
    VerifyJwtRequestRateLimitConfig,
)

from server import Server

def scope(representation: str, *access: str) -> ApiKeyScope:
    """A scope as a request or a grant names it: `scope("billing", "read")`."""
    return ApiKeyScope(
        representation=representation,
        create="create" in access,
        read="read" in access,
        update="update" in access,
        del_="del" in access,
    )


def create(oneloop: Oneloop, workspace_id: str, **more: object):
    """A key of `northwind` that may read billing."""
    body = {
        "name": "ci-deploy",
        "workspace_id": workspace_id,
        "customer_id": "northwind",
        "enabled": True,
        "scopes": [scope("billing", "read")],
    }
    return oneloop.create_api_key(**(body | more)).api_key


def verdict(oneloop: Oneloop, key: str, *requested: ApiKeyScope) -> str:
    return oneloop.verify_api_key(key=key, requested_scopes=list(requested)).status.value


def test_every_method_is_driven() -> None:
    methods = {name for name in vars(Oneloop) if not name.startswith("_")}
    assert len(methods) == 23, "this is not the client these tests were written for"
    assert methods == {name for name in vars(AsyncOneloop) if not name.startswith("_")}
    code = pathlib.Path(__file__).read_text()
    assert [name for name in sorted(methods) if f".{name}(" not in code] == []


def test_workspaces(oneloop: Oneloop) -> None:
    made = oneloop.create_workspace(name="Staging").workspace
    assert oneloop.get_workspace_by_id(made.id).workspace == made
    assert made in oneloop.get_workspace().workspaces

    changed = oneloop.update_workspace(
        made.id,
        default_key_prefix="acme",
        default_allowed_i_ps=["192.0.2.0/24"],
        default_rate_limit_per_second=5,
        default_expiration=3_600_000,
    ).workspace
    assert (changed.default_key_prefix, changed.default_rate_limit_per_second) == ("acme", 5)
    # It writes None as null, which clears.
    cleared = oneloop.update_workspace(
        made.id, default_key_prefix=None, default_allowed_i_ps=[]
    ).workspace
    assert (cleared.default_key_prefix, cleared.default_allowed_i_ps) == (None, [])
    assert cleared.default_rate_limit_per_second == 5, "left out is unchanged"


def test_scopes(oneloop: Oneloop, workspace_id: str) -> None:
    made = oneloop.create_workspace_scopes(
        workspace_id, name="Audit", representation="audit", description=None
    ).scope
    assert made in oneloop.get_workspace_scopes(workspace_id).scopes
    with pytest.raises(BadRequestError) as refused:
        oneloop.create_workspace_scopes(workspace_id, name="Audit", representation="audit")
    assert refused.value.body.error.code == 400


def test_the_life_of_a_key(oneloop: Oneloop, workspace_id: str) -> None:
    made = create(oneloop, workspace_id, prefix="acme", metadata={"plan": "team"})
    assert made.key.startswith("acme_")
    found = oneloop.get_api_key_by_id(workspace_id, made.id).api_key
    assert found.dict() == {name: it for name, it in made.dict().items() if name != "key"}
    assert found in oneloop.get_api_keys(workspace_id).api_keys

    edited = oneloop.edit_api_key(workspace_id, made.id, name="renamed", enabled=None).api_key
    assert (edited.name, edited.enabled) == ("renamed", True), "None is not a value"
    rescoped = oneloop.edit_api_key(
        workspace_id, made.id, scopes=[scope("metrics", "read", "del")]
    ).api_key
    assert [(it.representation, it.read, it.del_) for it in rescoped.scopes] == [
        ("metrics", True, True)
    ]

    rotated = oneloop.rotate_api_key(workspace_id, made.id).api_key
    assert verdict(oneloop, made.key) == "INVALID"
    assert verdict(oneloop, rotated.key, scope("metrics", "read")) == "VALID"

    assert oneloop.delete_api_key(workspace_id, made.id).api_key.deleted
    assert verdict(oneloop, rotated.key) == "DELETED"
    assert oneloop.get_api_key_by_id(workspace_id, made.id).api_key.deleted


def test_every_verdict_parses(oneloop: Oneloop, workspace_id: str) -> None:
    expires_at = int(time.time() * 1000) + 400
    expired = create(oneloop, workspace_id, expires_at=expires_at)
    disabled = create(oneloop, workspace_id, enabled=False)
    live = create(oneloop, workspace_id, metadata={"plan": "team"})

    valid = oneloop.verify_api_key(
        key=live.key, requested_scopes=[scope("billing", "read")], route="/invoices"
    )
    assert (valid.status.value, valid.api_key_id) == ("VALID", live.id)
    assert (valid.metadata, valid.customer_id, valid.billing) == ({"plan": "team"}, "northwind", None)
    assert verdict(oneloop, live.key, scope("billing", "del")) == "INVALID_SCOPES"
    assert verdict(oneloop, disabled.key) == "DISABLED"
    assert verdict(oneloop, "") == "INVALID"

    limit = VerifyApiKeyRequestRateLimitConfig(id="python", limit=1)
    answers = [
        oneloop.verify_api_key(key=live.key, requested_scopes=[], rate_limit_config=limit)
        for _ in range(20)
    ]
    assert {it.status.value for it in answers} == {"VALID", "RATE_LIMITED"}
    assert all(it.rate_limit is not None for it in answers)

    time.sleep(max(0.0, expires_at / 1000 - time.time()) + 0.005)
    assert verdict(oneloop, expired.key) == "EXPIRED"


def test_credit(oneloop: Oneloop, workspace_id: str) -> None:
    meter = {"workspace_id": workspace_id, "external_meter_id": "northwind-credits"}
    assert oneloop.get_customer_billing(**meter).billing is None
    made = oneloop.create_customer_billing(**meter, total_credits="10", spend_cap=None).billing
    assert made is not None and (made.total_credits, made.used_credits) == ("10", "0")
    assert oneloop.create_customer_billing(**meter, total_credits="99").billing == made
    key = create(oneloop, workspace_id, external_meter_id="northwind-credits")
    assert key.billing_id == made.id

    def spend(usage: str) -> str:
        billing = VerifyApiKeyRequestBilling(usage=usage, usage_name="tokens")
        answer = oneloop.verify_api_key(key=key.key, requested_scopes=[], billing=billing)
        assert answer.external_meter_id == "northwind-credits"
        assert answer.billing is not None and answer.billing.id == made.id
        return answer.status.value

    assert spend("7") == "VALID"
    assert spend("4") == "USAGE_LIMITED"
    refilled = oneloop.refill_billing_limit(**meter, refill=5).billing
    assert refilled is not None and (refilled.total_credits, refilled.used_credits) == ("15", "7")
    assert spend("4") == "VALID"
    oneloop.record_api_key_usage(key=key.key, usage="3", usage_name="tokens")
    oneloop.record_api_key_usage(key=key.key, usage="2")

    for name in ("northwind-credits", made.id):
        rows = oneloop.get_billing_usage(name).data
        used = {row.billing_usage_name: row.total_billing_usage for row in rows}
        assert used == {"tokens": "14", "default": "2"}
        assert {row.billing_id for row in rows} == {made.id}
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row.day) for row in rows)


def test_jwts(oneloop: Oneloop) -> None:
    payload = {"sub": "northwind", "plan": "team"}
    jwt = oneloop.create_jwt(payload=payload, aud="reports").jwt
    valid = oneloop.verify_jwt(jwt=jwt)
    assert (valid.status.value, valid.payload, valid.aud) == ("VALID", payload, "reports")
    assert 3_500 < valid.exp - time.time() <= 3_600, "an hour, in seconds"

    expires = int(time.time()) + 3_600 * 24
    assert oneloop.verify_jwt(jwt=oneloop.create_jwt(payload={}, exp=expires).jwt).exp == expires
    invalid = oneloop.verify_jwt(jwt=f"{jwt}x")
    assert (invalid.status.value, invalid.payload, invalid.exp) == ("INVALID", {}, 0)

    limit = VerifyJwtRequestRateLimitConfig(id="python-jwt", limit=2, interval="1h")
    answers = [
        oneloop.verify_jwt(jwt=jwt, rate_limit_config=limit).status.value for _ in range(3)
    ]
    assert answers == ["VALID", "VALID", "INVALID"]


def test_link_tokens(oneloop: Oneloop, workspace_id: str) -> None:
    made = oneloop.generate_link_token(
        workspace_id=workspace_id, customer_id="northwind", external_billing_id="meter-1"
    )
    found = oneloop.validate_link_token(made.token)
    assert (found.valid, found.expires_at) == (True, made.expires_at)
    assert (found.workspace_id, found.customer_id) == (workspace_id, "northwind")
    assert found.external_billing_id == "meter-1"


def test_migration(server: Server, oneloop: Oneloop, workspace_id: str) -> None:
    server.open_migration_window()
    body = {
        "key": "Zk3v9QpLm2Xw8RtYb5Nc",
        "name": "legacy",
        "workspace_id": workspace_id,
        "customer_id": "northwind",
        "enabled": True,
        "scopes": [scope("billing", "read")],
        "metadata": {"plan": "legacy"},
    }
    deadline = time.monotonic() + 5
    while True:
        try:
            brought = oneloop.migrate_api_key(**body).api_key
            break
        except ApiError as error:
            # The window was opened by another process; the server hears of it within a moment.
            if error.status_code != 404 or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    assert brought.key == body["key"]
    assert oneloop.migrate_api_key(**body).api_key.id == brought.id
    assert verdict(oneloop, body["key"], scope("billing", "read")) == "VALID"


def test_refusals_have_the_clients_own_classes(
    server: Server, oneloop: Oneloop, workspace_id: str
) -> None:
    with pytest.raises(BadRequestError) as refused:
        create(oneloop, workspace_id, name="")
    assert refused.value.body.error.code == 400
    with pytest.raises(UnauthorizedError) as unknown:
        Oneloop(base_url=server.url, token="nonsense").get_workspace()
    assert unknown.value.body.error.code == 401
    rights = ("--team", server.team_id, "--name", "weak", "--rights", "workspace:read", "--json")
    weak = Oneloop(base_url=server.url, token=sdk_key(server, *rights))
    deadline = time.monotonic() + 5
    while True:
        try:
            weak.get_workspace()
            break
        except UnauthorizedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    with pytest.raises(ForbiddenError) as forbidden:
        weak.create_workspace(name="no")
    assert forbidden.value.body.error.code == 403
    with pytest.raises(ApiError) as missing:
        oneloop.get_workspace_by_id("ws_nonsense")
    assert missing.value.status_code == 404
    assert missing.value.body["error"]["reason"] == "unknown_workspace"


def sdk_key(server: Server, *arguments: str) -> str:
    return json.loads(server.admin("sdk-key", "create", *arguments))["sdkKey"]["key"]


def test_the_asynchronous_client(server: Server, workspace_id: str) -> None:
    async def live() -> str:
        oneloop = AsyncOneloop(base_url=server.url, token=server.sdk_key)
        made = await oneloop.create_api_key(
            name="async",
            workspace_id=workspace_id,
            customer_id="northwind",
            enabled=True,
            scopes=[],
        )
        answer = await oneloop.verify_api_key(key=made.api_key.key, requested_scopes=[])
        return answer.status.value

    assert asyncio.run(live()) == "VALID"
