"""An event and the state it tells of are stored together or not at all."""

import pytest
import sqlalchemy as sa

from app.core.db import Database, Transaction
from app.core.events import Event, Subscriptions, outbox

STATE = sa.Table("state_of_test_events", sa.MetaData(), sa.Column("name", sa.Text, primary_key=True))
ENDED = Event("ProcessEnded", "process_instance", "42", {"z": 1, "a": None}, business_key="ORD-1")


@pytest.fixture(autouse=True)
def a_table(database: Database) -> None:
    with database.transaction() as tx:
        STATE.create(tx.connection)


def stored(database: Database) -> tuple[list[str], list[str]]:
    with database.reading() as connection:
        return (
            list(connection.execute(sa.select(STATE.c.name)).scalars()),
            list(connection.execute(sa.select(outbox.c.type)).scalars()),
        )


def test_the_outbox_holds_the_event_as_it_was_published(database: Database) -> None:
    with database.transaction() as tx:
        Subscriptions().publish(tx, ENDED)
    with database.reading() as connection:
        row = connection.execute(sa.select(outbox)).one()
    assert (row.id, row.type, row.entity, row.entity_id) == (ENDED.id, "ProcessEnded", "process_instance", "42")
    assert (row.business_key, row.payload, row.at, row.sent_at) == ("ORD-1", {"z": 1, "a": None}, ENDED.at, None)


def test_a_rollback_drops_the_state_and_its_event(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        tx.connection.execute(STATE.insert(), {"name": "ended"})
        Subscriptions().publish(tx, ENDED)
        _ = 1 / 0
    assert stored(database) == ([], [])


def test_subscribers_act_in_the_transaction_of_the_event(database: Database) -> None:
    subscriptions = Subscriptions()

    def follow(tx: Transaction, event: Event) -> None:
        tx.connection.execute(STATE.insert(), {"name": f"followed {event.entity_id}"})

    subscriptions.subscribe("ProcessEnded", follow)
    subscriptions.subscribe("SomethingElse", lambda _tx, _event: pytest.fail("not what was subscribed to"))
    with database.transaction() as tx:
        subscriptions.publish(tx, ENDED)
        assert stored(database) == ([], [])
    assert stored(database) == (["followed 42"], ["ProcessEnded"])


def test_a_subscriber_that_raises_takes_state_and_event_with_it(database: Database) -> None:
    subscriptions = Subscriptions()

    def refuse(_tx: Transaction, _event: Event) -> None:
        raise LookupError("no such order")

    subscriptions.subscribe("ProcessEnded", refuse)
    with pytest.raises(LookupError), database.transaction() as tx:
        tx.connection.execute(STATE.insert(), {"name": "ended"})
        subscriptions.publish(tx, ENDED)
    assert stored(database) == ([], [])
