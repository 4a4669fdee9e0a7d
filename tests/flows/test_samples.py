"""Every sample, played against the laboratory on a clock of its own: it ends where its file says."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.cli.samples import Order, Sample, read_samples
from app.cli.variation import Variations
from app.core.clock import FixedClock
from app.core.db import Database
from app.engine.definitions import Programs
from app.factory import PROCESSES
from tests.conftest import NOON
from tests.factories.shipped import Shipped, shipped

SAMPLES = {sample.name: sample for sample in read_samples(PROCESSES / "samples")}
VARIATIONS = Variations([*SAMPLES.values()], random.Random(3))
DRAWN = {sample.name: sample for sample in [VARIATIONS.one(0.4) for _ in range(16)]}
ROUNDS_S = 45  # longer than any chain of retries and of what the laboratory tells


@pytest.fixture(scope="module")
def deployed(migrated_sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Programs]:
    """A file in which everything is deployed, as on the first day, and what was built of it."""
    file = tmp_path_factory.mktemp("shipped") / "deployed.sqlite"
    with a_house(migrated_sqlite_file, file, FixedClock(NOON)) as made:
        made.deploy_shipped()
    return file, made.programs


@pytest.fixture
def house(deployed: tuple[Path, Programs], clock: FixedClock, tmp_path: Path) -> Iterator[Shipped]:
    file, programs = deployed
    with a_house(file, tmp_path / "turnup.sqlite", clock) as made:
        made.programs = programs
        made.forget()
        yield made


@contextmanager
def a_house(template: Path, file: Path, clock: FixedClock) -> Iterator[Shipped]:
    shutil.copy(template, file)
    database = Database(f"sqlite:///{file}")
    with shipped(database, clock, file.parent) as made:
        yield made
    database.close()


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_every_sample_ends_where_its_file_says(house: Shipped, sample: Sample) -> None:
    assert_ends_where_it_says(house, sample)


@pytest.mark.parametrize("sample", DRAWN.values(), ids=DRAWN)
def test_an_order_drawn_from_a_sample_ends_as_that_does(house: Shipped, sample: Sample) -> None:
    assert_ends_where_it_says(house, sample)


def assert_ends_where_it_says(house: Shipped, sample: Sample) -> None:
    for call in sample.before:
        house.lab.client.post(call["path"], json=call["body"]).raise_for_status()
    for fault in sample.faults:
        # What the laboratory would hold back for seconds it answers at once here, to the same effect.
        house.lab.client.post("/lab/faults", json={**fault, "hold_s": 0}).raise_for_status()
    instance_id = house.begin(sample.request["processId"], **sample.request["variables"])
    order = Order(sample, instance_id)
    for _ in range(ROUNDS_S):
        house.listen(instance_id, seconds=1)
        order.seen = seen(house, instance_id)
        if order.state in ("completed", "fallen_out"):
            break
    assert order.is_where_expected, f"expected {sample.expected}, found {order.found}"


def seen(house: Shipped, instance_id: str) -> dict[str, object]:
    """What the API would say of it."""
    incidents = [{"elementId": each.element_id, "code": each.code} for each in house.incidents(instance_id)]
    waits = [{"elementId": token.element_id, "kind": token.kind} for token in house.tokens(instance_id)]
    return {"state": house.state(instance_id), "incidents": incidents, "waits": waits}
