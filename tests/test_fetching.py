"""Pictures over a real HTTP server on loopback, from disk, and from data URLs."""

import base64
import os
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pdistill.errors import ImageError
from pdistill.fetching import Fetcher, Patience, in_order

BODY = b"picture bytes " * 1000  # 14,000 bytes
QUICK = Patience(connect_s=1, read_s=0.3, total_s=0.8, backoff_s=0.01)


class Shop(BaseHTTPRequestHandler):
    """Answers by path; counts visits per path."""

    protocol_version = "HTTP/1.1"
    visits: dict[str, list[float]]
    agents: set[str]

    def do_GET(self) -> None:
        visits = self.visits.setdefault(self.path, [])
        visits.append(time.monotonic())
        self.agents.add(self.headers["User-Agent"])
        kind = self.path.strip("/").split("/")
        if kind[0] == "ok":
            self.reply(200, BODY)
        elif kind[0] == "status":
            self.reply(int(kind[1]), b"sorry")
        elif kind[0] == "once":  # fails once, then works
            self.reply(200, BODY) if len(visits) > 1 else self.reply(int(kind[1]), b"", **{"Retry-After": self.later()})
        elif kind[0] == "hop":
            left = int(kind[1])
            self.reply(302, b"", Location=f"/hop/{left - 1}" if left else "/ok")
        elif kind[0] == "elsewhere":
            self.reply(302, b"", Location="file:///etc/hostname")
        elif kind[0] == "endless":  # no length declared: chunks until the reader goes away
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while True:
                self.wfile.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        elif kind[0] == "drip":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b"x")
                time.sleep(0.05)
        elif kind[0] == "hang":
            time.sleep(1.5)
        elif kind[0] == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x")
            self.close_connection = True

    def later(self) -> str:
        return {"/once/503": "1", "/once/502": formatdate(time.time() + 20, usegmt=True)}.get(self.path, "")

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *args: object) -> None:  # readers that go away are part of these tests
        pass


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    Shop.visits, Shop.agents = {}, set()
    server = Quiet(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetcher(tmp_path: Path) -> Iterator[Fetcher]:
    with Fetcher(tmp_path, max_bytes=20_000, patience=QUICK) as own:
        yield own


def refused(fetcher: Fetcher, reference: object) -> str:
    with pytest.raises(ImageError) as caught:
        fetcher.fetch(reference)
    return str(caught.value)


def test_an_address_is_fetched_with_a_name_of_our_own(fetcher: Fetcher, shop: str) -> None:
    assert fetcher.fetch(f" {shop}/ok ") == BODY
    assert all(agent.startswith("pdistill/") for agent in Shop.agents)


@pytest.mark.parametrize("status", [404, 403, 410, 400])
def test_a_refusal_is_final(fetcher: Fetcher, shop: str, status: int) -> None:
    assert f"answered {status}" in refused(fetcher, f"{shop}/status/{status}")
    assert len(Shop.visits[f"/status/{status}"]) == 1


@pytest.mark.parametrize("status", [429, 500, 504])
def test_an_error_of_the_server_is_tried_twice_more(fetcher: Fetcher, shop: str, status: int) -> None:
    said = refused(fetcher, f"{shop}/status/{status}")
    assert f"answered {status}" in said and "tried 3 times" in said
    assert len(Shop.visits[f"/status/{status}"]) == 3


@pytest.mark.parametrize("status", [500, 429])
def test_an_error_that_passes_costs_nothing(fetcher: Fetcher, shop: str, status: int) -> None:
    assert fetcher.fetch(f"{shop}/once/{status}") == BODY
    assert len(Shop.visits[f"/once/{status}"]) == 2


def test_retry_after_in_seconds_is_honoured(fetcher: Fetcher, shop: str) -> None:
    assert fetcher.fetch(f"{shop}/once/503") == BODY
    first, second = Shop.visits["/once/503"]
    assert 0.95 < second - first < 3


def test_retry_after_as_a_date_is_honoured_up_to_the_limit(tmp_path: Path, shop: str) -> None:
    # The date is 20 s ahead, more than the limit: a date that is not understood would mean the backoff of 60 s instead.
    with Fetcher(tmp_path, 20_000, Patience(backoff_s=60, retry_after_s=0.2)) as own:
        assert own.fetch(f"{shop}/once/502") == BODY
    first, second = Shop.visits["/once/502"]
    assert 0.15 < second - first < 5


def test_too_long_an_answer_is_refused_whether_declared_or_not(tmp_path: Path, shop: str) -> None:
    with Fetcher(tmp_path, max_bytes=10_000, patience=QUICK) as own:
        said = refused(own, f"{shop}/ok")
        assert "14,000 bytes" in said and "10,000" in said and "[images] max_bytes" in said
        assert "at most 10,000 bytes" in refused(own, f"{shop}/endless")


def test_a_silent_server_is_given_up(fetcher: Fetcher, shop: str) -> None:
    began = time.monotonic()
    assert "silent for 0.3 s" in refused(fetcher, f"{shop}/hang")
    assert time.monotonic() - began < 1.2


def test_a_dripping_server_is_given_up(fetcher: Fetcher, shop: str) -> None:
    assert "more than 0.8 s" in refused(fetcher, f"{shop}/drip")


def test_a_cut_answer_is_no_picture(fetcher: Fetcher, shop: str) -> None:
    assert "connection" in refused(fetcher, f"{shop}/cut")
    assert len(Shop.visits["/cut"]) == 3


def test_a_refused_connection_is_said(fetcher: Fetcher, shop: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as closed:
        port = closed.server_port
    said = refused(fetcher, f"http://127.0.0.1:{port}/a.jpg")
    assert f"127.0.0.1:{port}" in said and "tried 3 times" in said


def test_five_redirects_and_no_more(fetcher: Fetcher, shop: str) -> None:
    assert fetcher.fetch(f"{shop}/hop/4") == BODY  # /hop/4 … /hop/0 -> /ok: five redirects
    assert "more than 5 times" in refused(fetcher, f"{shop}/hop/5")


def test_only_http_is_read(fetcher: Fetcher, shop: str) -> None:
    for address in ("file:///etc/passwd", "FTP://host/a.jpg", "gopher://x"):
        assert "only http and https" in refused(fetcher, address)
    assert "cannot be read" in refused(fetcher, f"{shop}/elsewhere")


@pytest.mark.parametrize(
    "address", ["http://", "http://[::1", "http://host:99999999/", "https://\x00/", "http:///a.jpg"]
)
def test_nonsense_addresses_cost_only_themselves(fetcher: Fetcher, address: str) -> None:
    assert refused(fetcher, address)


def test_leaving_early_ends_the_waiting(tmp_path: Path, shop: str) -> None:
    own = Fetcher(tmp_path, 20_000, Patience(backoff_s=60))
    threading.Timer(0.2, own.stop).start()
    began = time.monotonic()
    assert "answered 500" in refused(own, f"{shop}/status/500")
    assert time.monotonic() - began < 5


def test_paths_are_relative_to_the_folder_or_absolute(fetcher: Fetcher, tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "c.jpg").write_bytes(b"1")
    assert fetcher.fetch("a b/c.jpg") == b"1" == fetcher.fetch(str(tmp_path / "a b" / "c.jpg"))


def test_files_that_cannot_be_read_are_said(fetcher: Fetcher, tmp_path: Path) -> None:
    (tmp_path / "big.jpg").write_bytes(b"x" * 20_001)
    (tmp_path / "full.jpg").write_bytes(b"x" * 20_000)
    os.mkfifo(tmp_path / "pipe.jpg")
    assert refused(fetcher, "gone.jpg") == "The picture 'gone.jpg' does not exist."
    assert refused(fetcher, "full.jpg/x.jpg") == "The picture 'full.jpg/x.jpg' does not exist."
    assert "20,001" in refused(fetcher, "big.jpg") and len(fetcher.fetch("full.jpg")) == 20_000
    assert "is not a file" in refused(fetcher, "pipe.jpg") and "is not a file" in refused(fetcher, ".")
    assert "cannot be read" in refused(fetcher, "nul\x00.jpg")
    assert len(refused(fetcher, "x" * 10_000)) < 300


@pytest.mark.parametrize("nothing", [None, "", "  ", b"", {"bytes": None, "path": None}, {}, 7])
def test_no_reference_is_said(fetcher: Fetcher, nothing: object) -> None:
    assert refused(fetcher, nothing) == "No picture is named."


def test_bytes_and_structs(fetcher: Fetcher, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"file")
    assert fetcher.fetch(b"raw") == b"raw"
    assert fetcher.fetch({"bytes": b"raw", "path": "a.jpg"}) == b"raw"
    assert fetcher.fetch({"bytes": None, "path": "a.jpg"}) == b"file"
    assert "20,001" in refused(fetcher, b"x" * 20_001)


def test_data_urls(fetcher: Fetcher) -> None:
    packed = base64.b64encode(bytes(range(256))).decode()
    assert fetcher.fetch(f"data:image/png;base64,{packed}") == bytes(range(256))
    assert fetcher.fetch(f"DATA:;base64,{packed[:100]}\n{packed[100:]}") == bytes(range(256))
    assert fetcher.fetch("data:,a%20b") == b"a b"
    assert "not valid base64" in refused(fetcher, "data:image/png;base64,@@@@")
    assert "no comma" in refused(fetcher, "data:image/png;base64")


def test_in_order_keeps_order_and_looks_ahead_no_further_than_told() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    def slow_when_even(number: int) -> int:
        time.sleep(0.002 if number % 2 == 0 else 0)
        return number * number

    results = in_order(slow_when_even, items(), threads=4, ahead=8)
    for number in range(50):
        assert next(results) == number * number
        assert len(taken) <= number + 8
    assert list(results) == []


def test_in_order_gives_what_came_before_an_error() -> None:
    def items() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("torn")

    results = in_order(lambda number: number, items(), threads=2, ahead=8)
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(ValueError, match="torn"):
        next(results)
