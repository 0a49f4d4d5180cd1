"""The examination says what is there, what is not and what is wrong, and no part of it can stop another."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pdistill import doctor
from pdistill.cli.app import main
from pdistill.doctor import Check, examine
from pdistill.store.project import Project


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that nobody meant is never asked: a port of this machine where nothing listens."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed}")


@pytest.fixture
def hub() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine: its address, and the methods it was called with."""
    called: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            called.append(self.command)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *given: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", called
    server.shutdown()
    thread.join()
    server.server_close()


def found(root: Path | None = None) -> dict[str, Check]:
    return {check.what: check for check in examine(root)}


def test_this_machine_is_fit() -> None:
    checks = found()
    assert list(checks) == [
        "Python",
        "pdistill",
        "torch",
        "torchvision",
        "extra embedded",
        "plugins",
        "project",
        "disk",
        "model hub",
    ]
    wrong = {name: check for name, check in checks.items() if check.ok is False}
    assert not wrong
    assert (checks["project"].ok, checks["model hub"].ok) == (None, None)
    assert "pdistill init" in checks["project"].found


def test_a_hub_that_answers(hub: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    address, called = hub
    monkeypatch.setenv("HF_ENDPOINT", address)
    check = found()["model hub"]
    assert check == Check("model hub", True, f"{address} answers (200)")
    assert called == ["HEAD"]


def test_a_hub_that_cannot_be_reached() -> None:
    check = found()["model hub"]
    assert check.ok is None
    assert "cannot be reached (ConnectError)" in check.found


@pytest.mark.parametrize("address", ["no address", "http://", "http://[::1", "ftp://127.0.0.1"])
def test_a_hub_s_address_that_is_none(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    assert "cannot be reached" in found()["model hub"].found


def test_offline_no_hub_is_asked(hub: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    address, called = hub
    monkeypatch.setenv("HF_ENDPOINT", address)
    for said in ("1", "true", "ON", "yes"):
        monkeypatch.setenv("HF_HUB_OFFLINE", said)
        assert found()["model hub"] == Check("model hub", None, "offline: HF_HUB_OFFLINE is set")
    assert called == []


def test_a_project_is_looked_at(tmp_path: Path) -> None:
    Project.create(tmp_path / "p", embedded=True)
    checks = found(tmp_path / "p")
    assert checks["project"].ok is True
    assert "schema 1: 0 items, 0 personas, 0 answers" in checks["project"].found
    assert checks["project folder"] == Check("project folder", True, "writable")


@pytest.mark.parametrize(
    ("marker", "words"), [('{"schema_version": 99}', "schema version 99"), ("not json", "cannot be read")]
)
def test_a_project_that_cannot_be_opened_is_bad_and_the_rest_goes_on(tmp_path: Path, marker: str, words: str) -> None:
    root = tmp_path / "p"
    Project.create(root, embedded=True)
    (root / "project.json").write_text(marker)
    checks = found(root)
    assert checks["project"].ok is False
    assert words in checks["project"].found
    assert checks["project"].hint
    assert checks["disk"].ok is True


def test_a_named_project_that_is_none_is_bad(tmp_path: Path) -> None:
    assert found(tmp_path / "nowhere")["project"].ok is False


def test_what_an_extra_lacks_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(doctor.EXTRAS, "embedded", ("timm", "nothing-of-the-kind"))
    check = found()["extra embedded"]
    assert check.ok is None
    assert "nothing-of-the-kind" in check.found
    assert "timm" not in check.found
    assert check.hint == 'pip install "pdistill[embedded]"'


def test_the_list_of_what_an_extra_brings_is_that_of_pyproject() -> None:
    import re
    import tomllib

    file = Path(__file__).parents[1] / "pyproject.toml"
    declared = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["optional-dependencies"]["embedded"]
    assert set(doctor.EXTRAS["embedded"]) == {re.split(r"[<>=!~ ]", each)[0] for each in declared}


def test_little_disk_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_DISK", 2**80)
    assert (found()["disk"].ok, found()["disk"].hint) == (False, "Free some space.")


def test_a_broken_plugin_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "grumbler-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: grumbler\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pdistill.losses]\ngrumble = nothing_of_the_kind:Loss\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    check = found()["plugins"]
    assert check.ok is False
    assert "broken: loss grumble (grumbler)" in check.found


def test_the_command_shows_a_row_each_and_fails_only_for_what_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    rows = [line.split()[0] for line in told.out.splitlines()[1:]]
    assert rows.count("ok") == 7
    assert rows.count("-") == 2
    assert main(["-P", str(tmp_path / "nowhere"), "doctor", "--json"]) == 5
    envelope = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in envelope["errors"]] == ["project"]
    assert "pdistill init" in envelope["errors"][0]["message"]


def test_a_damaged_table_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    root = tmp_path / "p"
    project = Project.create(root, embedded=True)
    project.item_table.append([{"id": "a", "hash": "h", "title": "", "text": "", "split": "train"}])
    for file in (root / "lance").rglob("*.manifest"):
        file.write_bytes(b"damaged")
    checks = found(root)
    assert checks["project"].ok is False
    assert "cannot be read" in checks["project"].found
    assert checks["disk"].ok is True


def test_a_project_whose_teacher_is_not_installed_is_bad(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shop")
    (check,) = (check for check in doctor.examine(project.root) if check.what == "project")
    assert check.ok is False and "qwen2-vl is not installed" in check.found
