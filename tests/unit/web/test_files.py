"""Static files: squeezed for whoever takes that, answered briefly while they are the same, and no others."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.web.files import StaticFiles

STYLE = "body { margin: 0 }\n" * 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "css").mkdir()
    (tmp_path / "css/a.css").write_text(STYLE)
    (tmp_path / "css/picture.png").write_bytes(b"\x89PNG" * 100)
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/a.js").write_text("1")
    return tmp_path


@pytest.fixture
def client(folder: Path) -> FlaskClient:
    app = Flask("files", static_folder=None)
    StaticFiles(folder).install(app)
    return app.test_client()


def test_a_style_sheet_is_squeezed_for_whoever_takes_it_so_and_plain_for_others(client: FlaskClient) -> None:
    squeezed = client.get("/static/css/a.css", headers={"Accept-Encoding": "gzip, br"})
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(squeezed.data).decode() == STYLE
    assert len(squeezed.data) < len(STYLE) / 10
    plain = client.get("/static/css/a.css", buffered=True)
    assert (plain.text, "Content-Encoding" in plain.headers) == (STYLE, False)
    for answer in (squeezed, plain):
        assert answer.mimetype == "text/css"
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_a_file_that_is_the_same_is_not_sent_again_and_a_changed_one_is(client: FlaskClient, folder: Path) -> None:
    first = client.get("/static/css/a.css", headers={"Accept-Encoding": "gzip"})
    known = {"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]}
    again = client.get("/static/css/a.css", headers=known)
    assert (again.status_code, again.data) == (304, b"")
    (folder / "css/a.css").write_text("p { margin: 1px }")
    changed = client.get("/static/css/a.css", headers=known)
    assert (changed.status_code, gzip.decompress(changed.data)) == (200, b"p { margin: 1px }")


def test_a_picture_is_sent_as_it_is(client: FlaskClient, folder: Path) -> None:
    answer = client.get("/static/css/picture.png", headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert (answer.data, "Content-Encoding" in answer.headers) == ((folder / "css/picture.png").read_bytes(), False)


@pytest.mark.parametrize(
    "path", ["package.json", "node_modules/a.js", "css/none.css", "css/../package.json", "css", "../a.css"]
)
def test_nothing_else_of_the_folder_is_served(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}", headers={"Accept-Encoding": "gzip"}, buffered=True).status_code == 404
