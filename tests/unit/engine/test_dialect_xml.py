"""What strangers may send as a diagram, and how little it costs to refuse it."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from app.engine.diagram import DiagramRefused, DiagramTooLarge
from app.engine.spiff.xml import DEPTH_LIMIT, ELEMENT_LIMIT, digest, read_xml
from tests.factories.diagrams import Diagram

PLAIN = Diagram("p").start().end().chain("s", "e").xml()
BOMB_LINES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a0 "ha">{BOMB_LINES}]><b x="&a9;">&a9;</b>'.encode()
QUADRATIC = b'<!DOCTYPE b [<!ENTITY a "' + b"x" * 100_000 + b'">]><b>' + b"&a;" * 30_000 + b"</b>"

HOSTILE = [
    pytest.param(BOMB, "doctype", id="an entity bomb"),
    pytest.param(QUADRATIC, "doctype", id="a quadratic entity bomb"),
    pytest.param(b'<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><b>&x;</b>', "doctype", id="XXE of a file"),
    pytest.param(b'<!DOCTYPE b SYSTEM "http://127.0.0.1:9/x.dtd"><b/>', "doctype", id="XXE of a DTD"),
    pytest.param(b'<!DOCTYPE b [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]><b/>', "doctype", id="parameter entity"),
    pytest.param(b"<!DOCTYPE html><b/>", "doctype", id="any document type"),
    pytest.param(b"<a>" * 100_000 + b"</a>" * 100_000, "too_deep", id="100,000 levels"),
    pytest.param(b"<a>" + b"<b/>" * 1_000_000 + b"</a>", "too_many_elements", id="a million elements"),
    pytest.param(
        b"<a " + b" ".join(b'a%d=""' % n for n in range(300_000)) + b"/>", "too_many_attributes", id="many attributes"
    ),
    pytest.param(b"PK\x03\x04 not xml at all", "not_xml", id="no XML"),
    pytest.param(b'{"process": 1}', "not_xml", id="JSON"),
    pytest.param(PLAIN[:-30], "not_xml", id="cut off"),
    pytest.param(b"<a>&undeclared;</a>", "not_xml", id="an undeclared entity"),
    pytest.param(b"<a x='1' x='2'/>", "not_xml", id="an attribute twice"),
    pytest.param(b"<a><p:b/></a>", "not_xml", id="an undeclared prefix"),
    pytest.param(b"<a>&#0;</a>", "not_xml", id="a NUL by reference"),
    pytest.param(b"", "empty", id="nothing"),
    pytest.param(b" \n\t", "empty", id="only blanks"),
    pytest.param(b"<a>\x00</a>", "nul_byte", id="a NUL byte"),
    pytest.param("<a/>".encode("utf-16"), "encoding", id="UTF-16"),
    pytest.param("<a/>".encode("utf-16-be"), "encoding", id="UTF-16 without a mark"),
    pytest.param("<a/>".encode("utf-32"), "encoding", id="UTF-32"),
    pytest.param(b'<?xml version="1.0" encoding="UTF-16"?><a/>', "encoding", id="UTF-16 declared, not written"),
    pytest.param(b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', "encoding", id="Latin-1"),
    pytest.param(b'<?xml version="1.0" encoding="x-user-defined"?><a/>', "encoding", id="an invented encoding"),
    pytest.param(b"<a>\xff\xfe</a>", "encoding", id="bytes that are no UTF-8"),
]


@pytest.mark.parametrize(("document", "code"), HOSTILE)
def test_a_hostile_document_is_refused_quickly_and_in_little_memory(document: bytes, code: str) -> None:
    tracemalloc.start()
    begun = time.process_time()
    try:
        with pytest.raises(DiagramRefused) as refused:
            read_xml(document)
        spent_s, peak = time.process_time() - begun, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [finding.code for finding in refused.value.findings] == [code]
    assert refused.value.status == 422
    assert spent_s < 1
    assert peak < 100_000_000


def test_a_diagram_of_50_mb_is_too_large_before_it_is_looked_at() -> None:
    document = b"<a>" + b" " * 50_000_000 + b"</a>"
    begun = time.process_time()
    with pytest.raises(DiagramTooLarge) as refused:
        read_xml(document)
    assert refused.value.status == 413
    assert refused.value.findings[0].code == "too_large"
    assert time.process_time() - begun < 0.1


def test_the_size_limit_is_the_last_size_accepted() -> None:
    assert read_xml(b"<a/>", limit_bytes=4) is not None
    with pytest.raises(DiagramTooLarge):
        read_xml(b"<a/>", limit_bytes=3)


def test_depth_and_number_of_elements_are_accepted_up_to_their_limits() -> None:
    read_xml(b"<a>" * DEPTH_LIMIT + b"</a>" * DEPTH_LIMIT)
    read_xml(b"<a>" + b"<b/>" * (ELEMENT_LIMIT - 1) + b"</a>")
    with pytest.raises(DiagramRefused):
        read_xml(b"<a>" * (DEPTH_LIMIT + 1) + b"</a>" * (DEPTH_LIMIT + 1))


def test_a_finding_names_the_line() -> None:
    with pytest.raises(DiagramRefused) as refused:
        read_xml(b"<a>\n<b>\n</a>")
    assert refused.value.findings[0].line == 3


def test_comments_do_not_split_a_text() -> None:
    assert read_xml(b"<a>speed <!-- in Mbit/s -->&gt; 1</a>").text == "speed > 1"


def test_utf_8_with_a_mark_and_other_alphabets_is_read() -> None:
    assert read_xml("\ufeff<a n='Überprüfung 検査'/>".encode()).get("n") == "Überprüfung 検査"


SAME = [
    b"<a x='1' y='2'><b>t</b><c/></a>",
    b"<?xml version='1.0'?>\n<a y='2' x='1'>\n  <b>t</b>\r\n  <c></c><!-- note -->\n</a>\n",
    b"<?editor state?><a x='1'   y='2'><b> t\n</b><c/></a>",
]
OTHER = [b"<a x='1' y='3'><b>t</b><c/></a>", b"<a x='1' y='2'><c/><b>t</b></a>", b"<a x='1' y='2'><b>t<c/></b></a>"]


@pytest.mark.parametrize("document", SAME)
def test_the_digest_sees_no_comments_indentation_or_attribute_order(document: bytes) -> None:
    assert digest(read_xml(document)) == digest(read_xml(SAME[0]))


@pytest.mark.parametrize("document", OTHER)
def test_the_digest_sees_every_change_of_content(document: bytes) -> None:
    assert digest(read_xml(document)) != digest(read_xml(SAME[0]))


def test_the_digest_sees_through_prefixes() -> None:
    assert digest(read_xml(b"<p:a xmlns:p='u'/>")) == digest(read_xml(b"<a xmlns='u'/>"))
