"""Exchange keys, checked at the venue."""

from queue import SimpleQueue
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from flask import Flask
from sqlalchemy import select

from core.clock import monotonic
from core.credentials import credentials_of
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.order import OrderNews, OrderType, Side
from core.exchange import trading_connection, venue_now_ms
from core.exchange.base import NewOrder, Reply
from core.models import ExchangeApi, GridOrder, GridStrategy
from core.strategies.starting import make_plan
from tests.support.servers import PaperServer
from tests.unit.web.people import Person, somebody


def reason(answer: Any) -> str:
    return str(answer.json["reason"])


def keys_of(paper_server: PaperServer) -> dict[str, str]:
    api_key, api_secret = paper_server.open_account()
    return {"exchange": "paper", "api_key": api_key, "api_secret": api_secret}


def place(order: GridOrder, account: ExchangeApi) -> OrderNews:
    """At the venue."""
    connection, replies = trading_connection("paper", credentials_of(account)), SimpleQueue[Reply]()
    new = NewOrder(
        order.symbol,
        Side(order.side),
        OrderType.LIMIT,
        order.quantity,
        order.price,
        order.client_order_id,
        venue_now_ms("paper"),
    )
    connection.place(new, replies.put)
    news = replies.get(timeout=10).news
    connection.close()
    assert news is not None
    return news


def test_a_paper_account_opens_by_itself(app: Flask) -> None:
    person = somebody(app)
    added = person.post("/exchange-keys", {"exchange": "paper", "label": "play"})
    assert added.status_code == 201
    shown: Any = added.json
    assert (shown["exchange"], shown["label"], shown["key_type"], shown["status"]) == ("paper", "play", "HMAC", "OK")
    assert person.get("/exchange-keys").json == [shown]


def test_a_key_is_kept_encrypted_and_never_shown_again(app: Flask, paper_server: PaperServer) -> None:
    keys = keys_of(paper_server)
    person = somebody(app)
    answers = [person.post("/exchange-keys", keys), person.get("/exchange-keys")]
    assert [answer.status_code for answer in answers] == [201, 200]
    for answer in answers:
        assert keys["api_secret"] not in answer.text
        assert keys["api_key"] not in answer.text
        assert keys["api_key"][-4:] in answer.text
    with Session.reading() as session:
        row = session.scalars(select(ExchangeApi)).one()
    assert keys["api_key"] not in row.api_key
    credentials = credentials_of(row)
    assert (credentials.api_key.reveal(), credentials.api_secret.reveal()) == (keys["api_key"], keys["api_secret"])


def test_an_ed25519_key_is_known_by_its_pem(app: Flask, paper_server: PaperServer) -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    opened = httpx.post(
        f"{paper_server.url}/paper/v1/accounts", json={"balance": "1", "publicKey": public}, trust_env=False
    ).json()
    added = somebody(app).post("/exchange-keys", {"exchange": "paper", "api_key": opened["apiKey"], "api_secret": pem})
    assert (added.status_code, (added.json or {}).get("key_type")) == (201, "ED25519")


@pytest.mark.parametrize("wrong", ["api_key", "api_secret"])
def test_a_key_that_the_venue_refuses_is_not_kept(app: Flask, paper_server: PaperServer, wrong: str) -> None:
    keys = {**keys_of(paper_server), wrong: "x" * 64}
    person = somebody(app)
    answer = person.post("/exchange-keys", keys)
    assert (answer.status_code, reason(answer)) == (422, "key_invalid")
    assert "refused" in (answer.json or {})["message"]
    assert person.get("/exchange-keys").json == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"exchange": "mtgox"}, "exchange"),
        ({"exchange": "binance", "api_key": None, "api_secret": None}, "api_key"),
        ({"api_key": "with blank inside"}, "api_key"),
        ({"api_key": "new\nline-inside"}, "api_key"),
        ({"api_secret": "two words here"}, "api_secret"),
        ({"api_secret": "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----"}, "api_secret"),
        ({"api_secret": None}, "api_secret"),
        ({"can_withdraw": True}, "can_withdraw"),
    ],
)
def test_what_is_no_key_is_refused_in_words(
    app: Flask, paper_server: PaperServer, change: dict[str, Any], field: str
) -> None:
    given = {name: value for name, value in {**keys_of(paper_server), **change}.items() if value is not None}
    answer = somebody(app).post("/exchange-keys", given)
    assert answer.status_code == 422
    assert field in (answer.json or {})["errors"]["json"]


def test_one_key_for_each_user_and_exchange(anna: Person, paper_server: PaperServer) -> None:
    for again in ({"exchange": "paper"}, keys_of(paper_server)):
        answer = anna.post("/exchange-keys", again)
        assert (answer.status_code, reason(answer)) == (409, "exchange_key_exists")


def test_a_key_belongs_to_one_user(app: Flask, paper_server: PaperServer) -> None:
    keys = keys_of(paper_server)
    assert somebody(app).post("/exchange-keys", keys).status_code == 201
    answer = somebody(app).post("/exchange-keys", keys)
    assert (answer.status_code, reason(answer)) == (409, "key_in_use")


def test_a_removed_key_makes_room_and_leaves_no_secret(anna: Person) -> None:
    assert anna.delete("/exchange-keys/1").status_code == 204
    assert anna.delete("/exchange-keys/1").status_code == 404
    assert anna.get("/exchange-keys").json == []
    assert anna.get("/connections").json == []
    with Session.reading() as session:
        row = session.get_one(ExchangeApi, 1)
    assert (row.api_key, row.api_secret) == ("", "")
    assert anna.post("/exchange-keys", {"exchange": "paper"}).status_code == 201


def test_a_key_stays_while_strategies_run_with_it(anna: Person, grid: dict[str, Any]) -> None:
    assert anna.post("/grid/create/paper", grid).status_code == 201
    with Session.begin() as session:
        session.get_one(GridStrategy, 1).status = StrategyStatus.RUNNING
    answer = anna.delete("/exchange-keys/1")
    assert (answer.status_code, reason(answer)) == (409, "strategies_running")


def test_what_has_traded_needs_a_key_of_its_account_and_what_has_not_takes_any(
    anna: Person, grid: dict[str, Any]
) -> None:
    for _ in range(2):
        anna.post("/grid/create/paper", grid)
    with Session.begin() as session:
        row = session.get_one(GridStrategy, 1)
        row.status, row.generation = StrategyStatus.STOPPED, 1
    assert anna.delete("/exchange-keys/1").status_code == 204
    anna.post("/exchange-keys", {"exchange": "paper"})
    assert [row["id"] for row in anna.get("/grid/list/paper").json or []] == [1, 2]
    started = anna.post("/grid/start/paper/1")
    assert (started.status_code, reason(started)) == (409, "another_account")
    changed = anna.put("/grid/update/paper/1", {"leverage": 2}, headers={"If-Match": '"1"'})
    assert (changed.status_code, reason(changed)) == (409, "another_account")
    assert anna.post("/grid/start/paper/2").status_code == 202


def test_another_key_of_the_same_account_takes_the_removed_ones_place(
    app: Flask, paper_server: PaperServer, grid: dict[str, Any]
) -> None:
    """The simulated exchange gives an account one key: an order of it is the proof, with that key as with another."""
    anna, keys = somebody(app), keys_of(paper_server)
    anna.post("/exchange-keys", keys)
    anna.post("/grid/create/paper", grid)
    anna.post("/grid/start/paper/1")
    make_plan(1)
    with Session.begin() as session:
        session.get_one(GridStrategy, 1).status = StrategyStatus.STOPPED
        order = session.scalars(select(GridOrder).limit(1)).one()
        order.order_id = place(order, session.get_one(ExchangeApi, 1)).order_id
    assert anna.delete("/exchange-keys/1").status_code == 204
    again: Any = anna.post("/exchange-keys", keys).json
    assert again["id"] == 1
    assert [row["id"] for row in anna.get("/exchange-keys").json or []] == [1]
    assert anna.post("/grid/start/paper/1").status_code == 202


def test_while_the_venue_is_away_no_key_is_taken(app: Flask, paper_server: PaperServer) -> None:
    keys = keys_of(paper_server)
    paper_server.inject("latency", ms=6000, seconds=30)
    person = somebody(app)
    begun = monotonic()
    answer = person.post("/exchange-keys", keys)
    assert (answer.status_code, monotonic() - begun < 5) == (503, True)
    assert answer.headers["Retry-After"]
    assert person.get("/exchange-keys").json == []
