"""How often the fibre flow is woken on PostgreSQL, with two workers and without retries: started, told, its second over.

Counted by the database itself: one row for each job that is put into the queue. The workers have threads enough: one
that is busy for long hands steps on, which is another wake-up.
"""

import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psycopg

from tests.factories.postgres import Postgres
from tests.factories.servers import TOKEN, Process, Server, Workshop, free_port

ORDERS = 40
COUNTING = """
    CREATE TABLE woken (instance_id text NOT NULL);
    CREATE FUNCTION note_woken() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO woken VALUES (NEW.args ->> 'instance_id');
        RETURN NEW;
    END $$;
    CREATE TRIGGER note_woken AFTER INSERT ON procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION note_woken();
"""


class Lab(Process):
    ready_path = "/lab/health"

    def __init__(self, folder: Path, callback_url: str) -> None:
        port = free_port()
        options = ("--port", str(port), "--data-dir", str(folder), "--callback-url", callback_url)
        super().__init__(folder, "lab", *options, "--callback-token", TOKEN, port=port)


def rows() -> list[tuple[str, float, str]]:
    """The instance that was woken most often, and the mean."""
    counts = wakeups_of(ORDERS)
    return [
        ("wakeups_per_instance", float(max(counts)), "most"),
        ("wakeups_mean", sum(counts) / len(counts), "mean"),
    ]


def wakeups_of(orders: int) -> list[int]:
    with TemporaryDirectory(prefix="turnup-") as name, Postgres() as postgres:
        folder, port = Path(name), free_port()
        with Lab(folder / "lab", f"http://127.0.0.1:{port}") as lab:
            address = {"TURNUP_DATABASE_URL": postgres.uri, "TURNUP_LAB_URL": lab.url}
            with (
                Server(folder / "serve", "--threads", "0", port=port, **address) as server,
                Workshop(folder / "one", postgres.uri, threads=12, TURNUP_LAB_URL=lab.url),
                Workshop(folder / "two", postgres.uri, threads=12, TURNUP_LAB_URL=lab.url),
            ):
                with psycopg.connect(postgres.uri, autocommit=True) as connection:
                    connection.execute(COUNTING)
                run(server, postgres, orders)
        found = postgres.rows("SELECT count(*) FROM woken GROUP BY instance_id")
        repeated = postgres.rows("SELECT count(*) FROM history WHERE kind IN ('failed', 'claim_expired')")
        assert repeated == [(0,)], "with retries there are more"
    return [count for (count,) in found]


def run(server: Server, postgres: Postgres, orders: int) -> None:
    with httpx.Client(base_url=server.url, headers=server.headers, timeout=30) as http:
        for n in range(orders):
            variables = {
                "order_id": f"WAKE-{n}",
                "customer": {"name": f"Customer {n}"},
                "olt": f"lon-{n % 4 + 1}",
                "port": f"1/{n // 4 % 8 + 1}/{n // 32 + 1}",
                "serial": f"ALCL{n:08X}",
                "speed_mbps": 100,
            }
            answer = http.post("/api/v1/process-instances", json={"processId": "ftth_activate", "variables": variables})
            assert answer.status_code == 202, answer.text
    pause, until = threading.Event(), time.monotonic() + 120
    while postgres.rows("SELECT count(*) FROM process_instance WHERE state = 'completed'") != [(orders,)]:
        assert time.monotonic() < until, postgres.rows("SELECT id, state, incidents FROM process_instance")
        pause.wait(0.1)
