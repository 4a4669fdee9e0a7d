"""Incidents by cause, and the bulk work that tries those of one again."""

from __future__ import annotations

import re

import pytest

from app.web.personal import PersonalData
from tests.factories.dashboards import World
from tests.unit.dashboard.conftest import Operator, somebody

PLAN = {"reason": "the neighbours moved out", "rate": "5", "failures": "10", "one_first": "1"}


def fall_out(world: World, count: int, code: str = "port_taken", first: int = 0) -> list[str]:
    """Orders whose port is taken, each on a port of its own."""
    ids = []
    for number in range(first, first + count):
        world.olt.refuse[f"ALCL-ORD-{number}"] = code
        ids.append(world.start(f"ORD-{number}", port=f"1/1/{number}"))
        world.pass_time(1)
    return ids


def cause_page(operator: Operator) -> str:
    """The address of the first cause."""
    found = re.search(r'href="(/incidents/causes/\w+)"', operator.get("/incidents").text)
    assert found
    return found[1]


def planned(operator: Operator, **values: str) -> str:
    answer = operator.post(f"{cause_page(operator)}/retry", {**PLAN, **values})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_orders_that_fail_alike_are_one_line(world: World, operator: Operator) -> None:
    fall_out(world, 3)
    fall_out(world, 1, "unknown_serial", 3)
    page = operator.get("/incidents").text
    assert len(re.findall(r'<tr id="cause-', page)) == 2
    assert '<td data-label="Open" class="number how-many">3</td>' in page
    assert "* on * serves another ONT" in page
    assert "Activate the ONT" in page
    assert page.index("port_taken") < page.index("unknown_serial")
    assert ">ORD-0</a>" in page  # it waits longest
    assert ">ORD-1</a>" not in page


def test_the_flat_list_stays_and_can_be_that_of_one_cause(world: World, operator: Operator) -> None:
    fall_out(world, 2)
    fall_out(world, 1, "unknown_serial", 2)
    flat = operator.get("/incidents?view=list").text
    assert all(f">ORD-{number}</a>" in flat for number in range(3))
    cause_id = cause_page(operator).rpartition("/")[2]
    of_one = operator.get(f"/incidents?view=list&cause={cause_id}").text
    assert ">ORD-1</a>" in of_one
    assert ">ORD-2</a>" not in of_one
    assert "Nothing of that kind" in operator.get("/incidents?view=list&handler=billing.start").text
    assert "Nothing of that kind" in operator.get("/incidents?handler=billing.start").text
    assert "Nothing of that kind" in operator.get("/incidents?process=other").text


def test_a_cause_opens_its_incidents_and_says_when_none_are_left(world: World, operator: Operator) -> None:
    fall_out(world, 2)
    address = cause_page(operator)
    page = operator.get(address).text
    assert all(f">ORD-{number}</a>" in page for number in range(2))
    assert "For example: 1/1/0 on lon-3 serves another ONT" in page
    assert "Retry all of these" in page
    world.olt.refuse.clear()
    operator.post(planned(operator) + "/start")
    world.work_at_jobs(10)
    after = operator.get(address).text
    assert "Nothing of this cause is open any more" in after
    assert "Retry all of these" not in after
    listed = operator.get(f"/incidents?view=list&state=all&cause={address.rpartition('/')[2]}").text
    assert "Retry by Grace: passed to ONT online" in listed
    assert operator.get("/incidents/causes/none").status_code == 404


def test_a_plan_shows_exactly_which_orders_it_is_and_tries_none(world: World, operator: Operator) -> None:
    fall_out(world, 2)
    job = planned(operator)
    fall_out(world, 1, first=2)
    world.work_at_jobs(5)
    page = operator.get(job).text
    assert "Nothing has been tried yet. These 2 and no others will be." in page
    assert (">ORD-0</a>" in page, ">ORD-1</a>" in page, ">ORD-2</a>" in page) == (True, True, False)
    assert len(world.olt.seen) == 3
    assert "Planned" in operator.get("/jobs").text


def test_one_is_tried_first_and_the_page_says_what_came_of_each(world: World, operator: Operator) -> None:
    fall_out(world, 3)
    job = planned(operator)
    world.olt.refuse.clear()
    world.olt.refuse["ALCL-ORD-2"] = "unknown_serial"
    answer = operator.post(f"{job}/start", htmx=True)
    assert "One is tried first. The others follow when it has passed." in answer.text
    world.work_at_jobs(12)
    page = operator.get(job).text
    assert page.count("Passed to ONT online") == 2
    assert "Failed differently" in page
    assert "unknown_serial: 1/1/2 on lon-3 serves another ONT" in page
    assert "All have been tried; 1 failed." in page
    only = operator.get(f"{job}?state=failed").text
    assert (">ORD-2</a>" in only, ">ORD-0</a>" in only) == (True, False)


def test_a_first_that_fails_alike_stops_the_job_in_words(world: World, operator: Operator) -> None:
    fall_out(world, 3)
    job = planned(operator)
    operator.post(f"{job}/start")
    world.work_at_jobs(5)
    page = operator.get(job).text
    assert "The first one failed as before." in page
    assert "port_taken: 1/1/0 on lon-3 serves another ONT" in page
    assert '<span class="badge job-stopped">Stopped</span>' in page
    assert len(world.olt.seen) == 4


def test_a_job_is_paused_resumed_and_stopped_with_a_reason(world: World, operator: Operator) -> None:
    fall_out(world, 3)
    job = planned(operator, one_first="", rate="0.1")
    operator.post(f"{job}/start")
    assert operator.post(f"{job}/pause", {"reason": " "}, htmx=True).status_code == 400
    assert "Grace: “lunch”" in operator.post(f"{job}/pause", {"reason": "lunch"}, htmx=True).text
    assert 'id="resume"' in operator.get(job).text
    assert "Grace: “back”" in operator.post(f"{job}/resume", {"reason": "back"}, htmx=True).text
    assert "Grace: “enough”" in operator.post(f"{job}/stop", {"reason": "enough"}, htmx=True).text
    assert operator.post(f"{job}/resume", {"reason": "more"}, htmx=True).status_code == 409
    assert operator.get("/jobs/none").status_code == 404


def test_a_form_sent_by_htmx_leads_to_the_plan(world: World, operator: Operator) -> None:
    fall_out(world, 2)
    answer = operator.post(f"{cause_page(operator)}/retry", PLAN, htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"][:6]) == (204, "/jobs/")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("reason", "", "Say why"),
        ("rate", "", "Write how many retries a second"),
        ("rate", "fast", "Write a number from 0.001"),
        ("rate", "nan", "Write a number from 0.001"),
        ("most", "0", "Write a whole number from 1 to 20,000"),
        ("most", "2.5", "Write a whole number from 1 to 20,000"),
        ("failures", "-1", "Write a whole number from 1"),
    ],
)
def test_what_makes_no_sense_is_answered_beside_the_form(
    world: World, operator: Operator, field: str, value: str, says: str
) -> None:
    fall_out(world, 2)
    answer = operator.post(f"{cause_page(operator)}/retry", {**PLAN, field: value}, htmx=True)
    assert answer.status_code == 400
    assert says in answer.text


def test_so_many_of_them_are_planned(world: World, operator: Operator) -> None:
    fall_out(world, 3)
    page = operator.get(planned(operator, most="1")).text
    assert (">ORD-0</a>" in page, ">ORD-1</a>" in page) == (True, False)
    assert "Retry it now" in page


def test_who_may_only_look_sees_causes_and_jobs_and_no_buttons(world: World, operator: Operator) -> None:
    fall_out(world, 2)
    job = planned(operator)
    vera = somebody(world, "Vera", "viewer")
    page = vera.get(cause_page(operator)).text
    assert "retrying takes the role operator" in page
    assert 'action="/incidents/causes' not in page
    assert 'method="post" action="/jobs' not in vera.get(job).text
    assert vera.post(f"{job}/start").status_code == 403
    assert vera.post(f"{cause_page(operator)}/retry", PLAN).status_code == 403


def test_an_operator_holds_the_brake_of_what_they_start(world: World, operator: Operator) -> None:
    fall_out(world, 2)
    otto = somebody(world, "Otto", "operator@activate")
    job = planned(otto, rate="0.1", one_first="")
    otto.post(f"{job}/start")
    assert "Otto: “wait”" in otto.post(f"{job}/pause", {"reason": "wait"}, htmx=True).text
    assert job in otto.get("/jobs").text
    assert job not in somebody(world, "Eve", "operator@other").get("/jobs").text


def test_the_causes_of_processes_that_one_may_not_see_are_not_there(world: World, operator: Operator) -> None:
    fall_out(world, 2)
    eve = somebody(world, "Eve", "operator@other")
    assert "Nothing has fallen out" in eve.get("/incidents").text
    assert eve.get(cause_page(operator)).status_code == 404
    assert eve.post(f"{cause_page(operator)}/retry", PLAN).status_code == 409


def test_what_is_personal_is_masked_in_causes_too(world: World, operator: Operator) -> None:
    world.olt.refuse["ALCL-ORD-1"] = "port_taken"
    world.start("ORD-1", port="MrsSmith")
    world.work()
    assert 'title="MrsSmith on lon-3 serves another ONT">* on * serves' in operator.get("/incidents").text
    assert "MrsSmith on lon-3 serves another ONT" in operator.get("/incidents?view=list").text
    job = planned(operator)
    operator.post(f"{job}/start")
    world.work_at_jobs(4)
    assert "MrsSmith on lon-3 serves another ONT" in operator.get(job).text
    personal = PersonalData(lambda: frozenset({"port"}), lambda process_id: False)
    world.personal = personal
    world.app = world.serve()
    vera = somebody(world, "Vera", "viewer")
    assert "* on * serves another ONT" in vera.get("/incidents").text
    assert "••• on lon-3 serves another ONT" in vera.get("/incidents?view=list").text
    assert "••• on lon-3 serves another ONT" in vera.get(job).text
    for path in ("/", "/incidents", "/incidents?view=list", cause_page(vera), job):
        assert "MrsSmith" not in vera.get(path).text


def test_what_is_under_way_says_what_it_waits_for(world: World, operator: Operator) -> None:
    fall_out(world, 2)
    job = planned(operator, one_first="")
    world.olt.refuse.clear()
    world.olt.silent.add("ALCL-ORD-0")
    operator.post(f"{job}/start")
    world.work_at_jobs(3)
    page = operator.get(job).text
    assert "Waits to try again, <time" in page
    assert "What comes of each is known when its step has ended." in page
    assert 'id="stop"' in page
    assert 'id="discard"' not in page


def test_a_plan_is_discarded(world: World, operator: Operator) -> None:
    fall_out(world, 2)
    job = planned(operator)
    assert 'id="discard"' in operator.get(job).text
    assert "Grace: “wrong ones”" in operator.post(f"{job}/stop", {"reason": "wrong ones"}, htmx=True).text
    world.work_at_jobs(3)
    assert len(world.olt.seen) == 2
