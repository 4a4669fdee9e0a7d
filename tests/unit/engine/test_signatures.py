"""Messages as systems word them: what differs between two orders is masked, what differs between two causes is not."""

from __future__ import annotations

import time

import pytest

from app.engine.signatures import LONGEST, cause_of, mask, rename, said, signature

ALIKE = {
    # what each is about: the same failure, met by several orders
    "an OLT's command line": [
        "SYNTAX ERROR: ont add 0/1/7 sn-auth HWTC4A5B6C7D: the ONT exists on port 0/1/8",
        "SYNTAX ERROR: ont add 0/13/2 sn-auth ALCLFA12BC34: the ONT exists on port 0/13/5",
    ],
    "a serial in quotes": ["No ONT 'ALCL-F' is seen", 'No ONT "HWTC-G" is seen', "No ONT “ALCL” is seen", "No ONT \u2018HW TC\u2019 is seen"],
    "a MAC address in each notation": [
        "CPE aa:bb:cc:dd:ee:ff is not known",
        "CPE AA-BB-CC-DD-EE-FF is not known",
        "CPE aabb.ccdd.eeff is not known",
        "CPE 00:1a:2B:3c:4D:5e is not known",
    ],
    "IP addresses of both kinds": [
        "Address 10.11.12.13 is assigned already",
        "Address 10.11.12.0/24 is assigned already",
        "Address 2001:db8::beef is assigned already",
        "Address fe80::1%eth0 is assigned already",
        "Address ::1 is assigned already",
        "Address dead:beef::cafe is assigned already",
    ],
    "a UUID": [
        "Order 019ac3e1-7f4b-7c3d-8a11-0242ac130003 was not found",
        "Order F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6 was not found",
    ],
    "phone numbers as people write them": [
        "Number +44 20 7946 0958 is not portable",
        "Number +442079460958 is not portable",
        "Number 020 7946 0958 is not portable",
        "Number +44 (0)20 7946 0958 is not portable",
        "Number 020-7946-0958 is not portable",
    ],
    "dates and times": [
        "The donor is closed until 2026-11-27T03:47:00Z",
        "The donor is closed until 2026-11-27 03:47:00.123",
        "The donor is closed until Fri, 27 Nov 2026 03:47:00 GMT",
        "The donor is closed until 27th November 2026",
        "The donor is closed until May 3, 2027 10:15 am",
        "The donor is closed until 03.12.2026",
    ],
    "a time-out of our own client": [
        "POST http://10.0.0.7:9000/access/onts gave no answer within 4.0 s",
        "POST http://lab.example:9000/access/onts gave no answer within 12.5 s",
        "POST https://olt.example/onts gave no answer within 4 s",
    ],
    "a RADIUS reject": [
        "Access-Reject for cust0042@isp.example: Reply-Message = \"pool exhausted\" (Session 4F2A)",
        "Access-Reject for jane.doe@isp.example: Reply-Message = \"no pool\" (Session 91)",
    ],
    "keys and values": [
        "ORA-00001: unique constraint (INV.UK_PORT) violated, olt=lon-3 port=1/1/7 rowid=AAAB12",
        "ORA-00001: unique constraint (INV.UK_PORT) violated, olt=ber-11 port=9/2/1 rowid=XQ9",
    ],
    "lists of whatever length": ["Ports 1/1/1, 1/1/2 and 1/1/3 are taken", "Ports 2/4/9 are taken", "Ports 1 2 are taken"],
    "measures": ["Light of -31.2 dBm after 3 tries", "Light of -8 dBm after 12 tries"],
    "spaces and lines": ["The  node\nanswered 4 times", "The node answered 17 times"],
}  # fmt: skip
APART = [
    ("The port serves another ONT", "The port is out of order"),
    ("HTTP 503 from the ACS", "HTTP 504 from the ACS"),
    ("PUT http://acs/a answered 503: HTTP/1.1 503 Busy", "PUT http://acs/a answered 502: HTTP/1.1 502 Busy"),
    ("GET http://acs.example/a answered status 502", "GET http://acs.example/a answered status 404"),
    ("SIP 486 for 020 7946 0958", "SIP 503 for 020 7946 0958"),
    ("NPCDB reason code 17: number not active", "NPCDB reason code 18: number not active"),
    ("ORA-00001: failed on 'x'", "ORA-00060: failed on 'x'"),
    ("It didn't find the customer's port", "It didn't find the supplier's port"),
    ("5 marked ports", "5 may be ports"),
]


@pytest.mark.parametrize("messages", ALIKE.values(), ids=ALIKE.keys())
def test_one_failure_met_by_several_orders_is_one_cause(messages: list[str]) -> None:
    assert len({mask(message) for message in messages}) == 1, [mask(message) for message in messages]


@pytest.mark.parametrize(("one", "other"), APART)
def test_two_failures_are_two_causes(one: str, other: str) -> None:
    assert mask(one) != mask(other)


def test_what_is_left_can_still_be_read() -> None:
    assert mask(ALIKE["an OLT's command line"][0]) == "SYNTAX ERROR: ont add * sn-auth *: the ONT exists on port *"
    assert mask("Port 1/1/7, on lon-3, serves another ONT.") == "Port *, on *, serves another ONT."
    assert mask("HTTP 503 after 4.0 s") == "HTTP 503 after * s"
    assert mask("Nothing varies here.") == "Nothing varies here."


def test_what_the_step_was_given_is_no_part_of_the_cause() -> None:
    one = mask("BIL-4031: account of Ken Tanaka is BLOCKED", {"customer": "Ken Tanaka", "order_id": "ORD-19"})
    other = mask("BIL-4031: account of Mei  Novak is BLOCKED", {"customer": "Mei Novak", "tags": [{"of": "BLOCKED!"}]})
    assert one == other == "*: account of * is BLOCKED"


def test_what_the_step_was_given_is_found_as_whole_words_and_whole_names_first() -> None:
    assert mask("Leeds and Leedsham", {"area": "Leeds"}) == "* and Leedsham"
    assert mask("Ann Lee is not Ann", ["Ann", "Ann Lee"]) == "* is not *"
    assert mask("no rule for (a+)+", {"rule": "(a+)+"}) == "no rule for *"
    assert mask("it is on", {"state": "on"}) == "it is on"  # as short as words are


def test_what_is_said_is_read_back_from_the_signature() -> None:
    mark = signature("p", "a", "t.a", "port_taken", "port 1 is taken")
    assert said(mark, "port_taken") == "port * is taken"
    assert said(signature("p", None, None, "Stalled", ""), "Stalled") == ""


def test_a_long_number_after_a_word_for_errors_is_an_id_and_not_the_errors() -> None:
    assert mask("error 4711884 of order 12") == mask("error 9134555 of order 7")


@pytest.mark.parametrize(
    "text", ["a" * 50_000, "'" * 50_000, "1 " * 50_000, "a." * 50_000, "(1" * 50_000, "ab:" * 50_000]
)
def test_no_message_keeps_a_process_busy(text: str) -> None:
    began = time.perf_counter()
    mask(text)
    assert time.perf_counter() - began < 0.5


BASE = ("ftth_activate", "activate", "olt.activate_ont", "port_taken", "Port 1/1/7 serves another ONT")


@pytest.mark.parametrize("place", range(len(BASE)))
def test_each_of_process_element_handler_code_and_message_makes_another_cause(place: int) -> None:
    other = [*BASE]
    other[place] = "other"
    assert cause_of(signature(*BASE)) != cause_of(signature(*other))
    again = signature(*BASE[:4], "Port 9/2/3 serves another ONT")
    assert cause_of(signature(*BASE)) == cause_of(again)


def test_a_failure_of_no_element_and_no_handler_has_a_cause_too() -> None:
    assert signature("p", None, None, "Stalled", "") == "p - - Stalled "


def test_a_renamed_element_changes_its_own_signature_alone() -> None:
    renamed = signature(BASE[0], "put_in_service", *BASE[2:])
    assert rename(signature(*BASE), "activate", "put_in_service") == renamed
    assert rename(signature(*BASE), "act", "other") == signature(*BASE)


def test_a_signature_is_no_longer_than_its_limit() -> None:
    assert len(signature("p", "e", "h", "Code", "word " * 500)) == LONGEST
