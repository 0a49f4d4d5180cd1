"""Gets the bytes that a picture reference stands for: a path, an address, a data URL, or the bytes themselves.

It owns HTTP and the bounds on reading; it must not know catalogs, columns, or how pictures are decoded.
"""

from __future__ import annotations

import base64
import binascii
import email.utils
import re
import stat
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from pdistill import __version__
from pdistill.errors import ImageError
from pdistill.images import too_many_bytes

if TYPE_CHECKING:
    import httpx2

In = TypeVar("In")
Out = TypeVar("Out")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_WORTH_RETRYING = {429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Patience:
    """How long the network is waited for.

    Attributes:
        connect_s, read_s: seconds without a connection, without a byte.
        total_s: seconds for one answer; a server that drips a byte at a time ends here.
        retries: further tries after 429, 5xx or a broken connection.
        backoff_s: seconds before the first retry, doubled before each further one.
        retry_after_s: the longest `Retry-After` of a server that is honoured, in seconds.
        redirects: the longest chain of redirects.
    """

    connect_s: float = 10.0
    read_s: float = 30.0
    total_s: float = 120.0
    retries: int = 2
    backoff_s: float = 0.5
    retry_after_s: float = 30.0
    redirects: int = 5


class Fetcher:
    """Turns picture references into bytes, from several threads at once; a context manager that closes connections.

    Args:
        folder: what relative paths are relative to.
        max_bytes: the longest picture, in bytes; longer ones are refused before or while they are read.
        patience: how long to wait for the network.
    """

    def __init__(self, folder: Path, max_bytes: int, patience: Patience | None = None) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._patience = patience or Patience()
        self._client: httpx2.Client | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        if self._client is not None:
            self._client.close()

    def stop(self) -> None:
        """End all waiting between retries and all downloads at their next byte."""
        self._stopped.set()

    def fetch(self, reference: object) -> bytes:
        """The bytes of one picture.

        Args:
            reference: bytes; a path; an http(s) address; a data URL; or a mapping with `bytes` or `path`, as datasets
                keep pictures in parquet.

        Raises: ImageError in words for whatever goes wrong.
        """
        if isinstance(reference, dict):
            reference = reference.get("bytes") or reference.get("path")
        if isinstance(reference, bytes | bytearray | memoryview) and len(reference):
            return self._bounded(bytes(reference), "in the table")
        if not isinstance(reference, str) or not reference.strip():
            raise ImageError("No picture is named.")
        reference = reference.strip()
        if reference[:5].lower() == "data:":
            return self._bounded(_data_url(reference), shown(reference))
        scheme = _SCHEME.match(reference)
        if scheme is None:
            return self.read(self._folder / reference, reference)
        if scheme[1].lower() not in ("http", "https"):
            raise ImageError(f"The address '{shown(reference)}' is refused: only http and https are read.")
        return self._download(reference)

    def read(self, path: Path, name: str) -> bytes:
        """The bytes of a file called `name` in errors. Raises ImageError; never waits on a pipe or a device."""
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise ImageError(f"The picture '{shown(name)}' is not a file.")
            if status.st_size > self._max_bytes:
                raise too_many_bytes(shown(name), status.st_size, self._max_bytes)
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ImageError(f"The picture '{shown(name)}' does not exist.") from error
        except (OSError, ValueError) as error:
            cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ImageError(f"The picture '{shown(name)}' cannot be read: {cause}.") from error

    def _bounded(self, data: bytes, name: str) -> bytes:
        if len(data) > self._max_bytes:
            raise too_many_bytes(name, len(data), self._max_bytes)
        return data

    def _download(self, url: str) -> bytes:
        import httpx2

        patience, name = self._patience, shown(url)
        tries = 1 + patience.retries
        for number in range(1, tries + 1):
            wait_s = patience.backoff_s * 2 ** (number - 1)
            try:
                status, answer = self._answer(url, name)
            except (httpx2.NetworkError, httpx2.RemoteProtocolError, httpx2.ConnectTimeout) as error:
                said = f"The connection for '{name}' failed: {_cause(error)}."
            except httpx2.TimeoutException as error:
                raise ImageError(f"The server of '{name}' was silent for {patience.read_s:g} s.") from error
            except httpx2.TooManyRedirects as error:
                raise ImageError(f"'{name}' redirects more than {patience.redirects} times.") from error
            except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
                raise ImageError(f"The address '{name}' cannot be read: {_cause(error)}.") from error
            else:
                if isinstance(answer, bytes):
                    return answer
                said = f"The server of '{name}' answered {status}."
                if int(status.split()[0]) not in _WORTH_RETRYING:
                    raise ImageError(said)
                asked_s = _retry_after(answer)
                wait_s = wait_s if asked_s is None else min(asked_s, patience.retry_after_s)
            if number < tries and self._stopped.wait(wait_s):
                break
        raise ImageError(f"{said} It was tried {number} times.")

    def _answer(self, url: str, name: str) -> tuple[str, bytes | str]:
        """One try: the status line and the body, or, unless the status is a success, the Retry-After header."""
        ends = time.monotonic() + self._patience.total_s
        # Compressing pictures gains nothing, and an uncompressed answer cannot grow while it is unpacked.
        with self._http().stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
            status = f"{response.status_code} {response.reason_phrase}".strip()
            if not response.is_success:
                return status, response.headers.get("Retry-After", "")
            declared = response.headers.get("Content-Length", "")
            if declared.isdecimal() and int(declared) > self._max_bytes:
                raise too_many_bytes(name, int(declared), self._max_bytes)
            data = bytearray()
            for piece in response.iter_bytes():
                data += piece
                if len(data) > self._max_bytes:
                    raise too_many_bytes(name, None, self._max_bytes)
                if time.monotonic() > ends:
                    raise ImageError(f"'{name}' took more than {self._patience.total_s:g} s to arrive.")
                if self._stopped.is_set():
                    raise ImageError(f"The download of '{name}' was stopped.")
            return status, bytes(data)

    def _http(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                import httpx2

                self._client = httpx2.Client(
                    follow_redirects=True,
                    max_redirects=self._patience.redirects,
                    timeout=httpx2.Timeout(self._patience.read_s, connect=self._patience.connect_s),
                    headers={"User-Agent": f"pdistill/{__version__}"},
                )
            return self._client


def in_order(work: Callable[[In], Out], items: Iterable[In], threads: int = 16, ahead: int = 32) -> Iterator[Out]:
    """`map` over a thread pool: results in the order of `items`, of which at most `ahead` are taken beyond the result.

    An error of `work` or of `items` is raised at its place, after all results before it. Leaving the iteration early
    drops what has not begun.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="pdistill-fetch")
    waiting: deque[Future[Out]] = deque()
    source = iter(items)
    try:
        while True:
            try:
                item = next(source)
            except StopIteration:
                break
            except Exception:
                while waiting:
                    yield waiting.popleft().result()
                raise
            waiting.append(pool.submit(work, item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def shown(value: str, longest: int = 120) -> str:
    """`value` short enough for a sentence."""
    return value if len(value) <= longest else f"{value[: longest - 1]}…"


def _data_url(url: str) -> bytes:
    """The bytes in a data URL (RFC 2397). Raises ImageError."""
    head, comma, body = url.partition(",")
    if not comma:
        raise ImageError(f"The data URL '{shown(url, 40)}' has no comma before its data.")
    if not head.lower().endswith(";base64"):
        return urllib.parse.unquote_to_bytes(body)
    try:
        return base64.b64decode("".join(urllib.parse.unquote(body).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageError(f"The data URL '{shown(url, 40)}' is not valid base64.") from error


def _retry_after(value: Any) -> float | None:
    """Seconds from a Retry-After header (RFC 9110 section 10.2.3): a number or a date; None if it is neither."""
    text = str(value).strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _cause(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
