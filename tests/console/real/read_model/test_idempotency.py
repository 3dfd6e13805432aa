"""Idempotency keys, on SQLite and PostgreSQL."""

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, select

from console.read_model.store.idempotency import Idempotency
from console.read_model.store.tables import idempotency_keys

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_the_first_run_of_a_key_is_its_run_from_then_on(engine: Engine) -> None:
    idempotency = Idempotency(engine)
    assert idempotency.run_id_for("acme", "key", "first") == "first"
    assert idempotency.run_id_for("acme", "key", "second") == "first"
    assert Idempotency(engine).run_id_for("acme", "key", "third") == "first"


def test_clients_and_keys_keep_apart(engine: Engine) -> None:
    idempotency = Idempotency(engine)
    assert idempotency.run_id_for("acme", "key", "first") == "first"
    assert idempotency.run_id_for("other", "key", "second") == "second"
    assert idempotency.run_id_for("acme", "Key", "third") == "third"


def test_a_key_is_forgotten_after_a_day(engine: Engine) -> None:
    now = NOW
    idempotency = Idempotency(engine, now=lambda: now)
    idempotency.run_id_for("acme", "key", "first")
    idempotency.confirm("acme", "key")
    idempotency.run_id_for("other", "key", "first")
    now = NOW + timedelta(hours=23)
    assert idempotency.run_id_for("acme", "key", "second") == "first"
    now = NOW + timedelta(hours=24)
    assert idempotency.run_id_for("acme", "key", "second") == "second"
    assert not idempotency.confirmed("acme", "key")
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(idempotency_keys)).scalar_one() == 1


def test_it_is_known_which_presses_kafka_has(engine: Engine) -> None:
    idempotency = Idempotency(engine)
    idempotency.run_id_for("acme", "key", "first")
    assert not idempotency.confirmed("acme", "key")
    idempotency.confirm("acme", "key")
    idempotency.run_id_for("acme", "key", "second")
    assert idempotency.confirmed("acme", "key")
    assert not idempotency.confirmed("acme", "another key")


def test_a_key_may_be_any_text(engine: Engine) -> None:
    idempotency = Idempotency(engine)
    for key in ("", "\0", "\ud800", "x" * 100_000, "Straße"):
        assert idempotency.run_id_for("acme", key, f"first {len(key)}") == f"first {len(key)}"
        assert idempotency.run_id_for("acme", key, "second") == f"first {len(key)}"


def test_of_many_presses_at_once_one_is_the_first_for_all(engine: Engine) -> None:
    at_once = threading.Barrier(8)
    given: list[str] = []

    def press(number: int) -> None:
        at_once.wait()
        given.append(Idempotency(engine).run_id_for("acme", "key", f"run {number}"))

    threads = [threading.Thread(target=press, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 8
    assert len(set(given)) == 1
