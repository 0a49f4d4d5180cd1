"""The pages that show commands and code: all of it is run here, and says what the page says."""

import ast
import importlib.util
import json
import re
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
import typer

from pdistill import registry
from pdistill.cli.options import HELP_OPTIONS, Group, root
from pdistill.cli.session import Session
from pdistill.contracts import Question, Shown
from pdistill.errors import ServiceError
from pdistill.store.ledger import Entry
from pdistill.store.project import Project
from pdistill.testing import check_loss, check_student, check_teacher
from tests.small_shop import picture

REPOSITORY = Path(__file__).parents[1]
EXAMPLES = REPOSITORY / "examples"
WALKTHROUGH = EXAMPLES / "own-photos.md"
GUIDE = REPOSITORY / "CONTRIBUTING.md"


def loaded(path: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


refresh = loaded(EXAMPLES / "refresh.py")


def code(page: Path, language: str) -> list[str]:
    """The blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_walkthrough_prints_what_it_says(tmp_path: Path) -> None:
    """Own-photos.md, command by command, with from_python.py among them. If this fails: python examples/refresh.py"""
    now = refresh.rerun(WALKTHROUGH.read_text(encoding="utf-8"), tmp_path)
    assert not now.failed, "\n\n".join(now.failed)
    assert not now.changed, "\n\n".join(now.changed)


def test_the_walkthrough_runs_every_command_of_the_main_job() -> None:
    lines = [command.line for _, commands in refresh.blocks(WALKTHROUGH.read_text()) for command in commands]
    for words in (
        *("init", "catalog add photos", "catalog add photos/shop.csv", "catalog list", "personas generate"),
        *("tournament", "train --cycles", "index", "search", "eval", "--json | jq"),
    ):
        assert any("pdistill" in line and words in line for line in lines), words
    assert any("from_python.py" in line for line in lines)


def test_code_for_libraries_that_are_not_ours_can_at_least_be_read() -> None:
    for block in code(WALKTHROUGH, "python"):
        ast.parse(block)


def test_settings_on_the_page_are_ones_that_plugins_take() -> None:
    (block,) = code(WALKTHROUGH, "toml")
    tables = tomllib.loads(block)
    assert set(tables) == {"sampler", "recipe", "loss"}
    for kind, plugins in tables.items():
        for name, options in plugins.items():
            registry.create(kind, name, options)


PAGE = """\
# A page

```console
$ echo 12 apples
7 apples
```

Text.

```console exit=3
$ exit 3
```
"""


def test_numbers_may_change_and_a_page_is_written_anew(tmp_path: Path) -> None:
    now = refresh.rerun(PAGE, tmp_path)
    assert (now.failed, now.changed) == ([], [])
    assert now.page == PAGE.replace("7 apples", "12 apples")


@pytest.mark.parametrize(
    ("was", "is_now", "said"),
    [
        ("7 apples", "7 pears", "+# apples"),
        ("7 apples\n", "", "+# apples"),
        ("7 apples\n", "7 apples\nand more\n", "-and more"),
        ("echo 12 apples", "echo 12", "-# apples"),
    ],
    ids=["another word", "nothing on the page", "more on the page", "less is printed"],
)
def test_words_may_not_change(tmp_path: Path, was: str, is_now: str, said: str) -> None:
    now = refresh.rerun(PAGE.replace(was, is_now), tmp_path)
    assert len(now.changed) == 1 and said in now.changed[0]


@pytest.mark.parametrize(("was", "is_now"), [(" exit=3", ""), ("exit 3", "exit 4"), ("echo 12", "no-such-program")])
def test_a_command_that_ends_otherwise_fails(tmp_path: Path, was: str, is_now: str) -> None:
    now = refresh.rerun(PAGE.replace(was, is_now), tmp_path)
    assert len(now.failed) == 1 and "ended with" in now.failed[0]


def test_a_block_without_its_program_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = PAGE.replace("```console\n", "```console no-such-program\n").replace("echo", "no-such-program")
    now = refresh.rerun(page, tmp_path)
    assert (now.page, now.failed, now.changed) == (page, [], [])
    assert "no-such-program" in capsys.readouterr().err


def test_what_is_settled_is_documented() -> None:
    assert refresh.settled("a  1,234 items -0.5 [+3.0, 1e-05]   x") == refresh.settled("a 9 items 7 [2, 3] x")
    assert refresh.settled("p\n\n< 0.001") == refresh.settled("p\n0.42")
    assert refresh.settled("v1 won") != refresh.settled("v1 lost")


@pytest.fixture
def guide() -> Callable[[str], ModuleType]:
    """The modules that CONTRIBUTING.md shows, by the path in their first line."""
    blocks = {}
    for block in code(GUIDE, "python"):
        first, _, rest = block.partition("\n")
        if first.startswith("# pdistill/"):
            blocks[first.removeprefix("# ")] = rest

    def module(path: str) -> ModuleType:
        made = ModuleType(Path(path).stem)
        exec(compile(blocks[path], path, "exec"), vars(made))
        return made

    return module


def test_the_guides_loss_keeps_its_contract(guide: Callable[[str], ModuleType]) -> None:
    import torch

    loss = guide("pdistill/losses/hinge.py").Hinge(margin=0.1)
    check_loss(loss)
    # Pairs in order: .5 over .45 lacks .05 of the margin, .5 over .2 and .45 over .2 lack nothing: .05 / 3.
    scores, targets = torch.tensor([[0.5, 0.45, 0.2]]), torch.tensor([[3.0, 2.0, 1.0]])
    assert float(loss(scores, targets)) == pytest.approx(0.05 / 3)


def test_the_guides_student_keeps_its_contract(guide: Callable[[str], ModuleType]) -> None:
    check_student(guide("pdistill/students/thumbnail.py").Thumbnail())


class Server(BaseHTTPRequestHandler):
    """A model that ranks pictures by their size in bytes, or replies as `reply` says."""

    reply: str | None = None
    asked: ClassVar[list[Any]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        urls = [part["image_url"]["url"] for part in body["messages"][1]["content"][1:]]
        order = sorted(range(1, len(urls) + 1), key=lambda number: len(urls[number - 1]))
        content = json.dumps(order) if self.reply is None else self.reply
        data = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def server() -> Iterator[tuple[type[Server], str]]:
    handler = type("OwnServer", (Server,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield handler, f"http://127.0.0.1:{serving.server_port}/v1"
        serving.shutdown()
        thread.join()


def question(key: str) -> Question:
    """Two pictures; the second one is the smaller file."""
    return Question(key, "somebody", (Shown("big", "", picture("red", (90, 90))), Shown("small", "", picture("red"))))


def test_the_guides_teacher_asks_a_server(guide: Callable[[str], ModuleType], server: tuple[type[Server], str]) -> None:
    handler, address = server
    teacher = guide("pdistill/teachers/my_vlm.py").MyVlm("some-model", base_url=address)
    check_teacher(teacher)
    (answer,) = teacher.rank([question("one")])
    assert answer.ranking == (("small",), ("big",)) and answer.raw == "[2, 1]"
    asked = handler.asked[-1]
    assert asked["model"] == "some-model" and len(asked["messages"][1]["content"]) == 3
    assert json.loads(asked["messages"][1]["content"][0]["text"]) == {"person": "somebody"}


@pytest.mark.parametrize("reply", ["I like them all!", "[1]", "[1, 1]", "[1, 7]", "{}", "3", '["a", "b"]', ""])
def test_a_bad_reply_costs_the_guides_teacher_one_question(
    guide: Callable[[str], ModuleType], server: tuple[type[Server], str], reply: str
) -> None:
    handler, address = server
    handler.reply = reply
    teacher = guide("pdistill/teachers/my_vlm.py").MyVlm("some-model", base_url=address)
    answers = list(teacher.rank([question("one"), question("two")]))
    assert [answer.key for answer in answers] == ["one", "two"]
    assert all(answer.ranking is None and answer.error and answer.raw == reply for answer in answers)


def test_the_guides_teacher_says_when_nobody_answers(guide: Callable[[str], ModuleType]) -> None:
    teacher = guide("pdistill/teachers/my_vlm.py").MyVlm("some-model", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ServiceError, match=r"127\.0\.0\.1:9"):
        list(teacher.rank([question("one")]))


def test_the_guides_subcommand_runs(
    guide: Callable[[str], ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project.create(tmp_path / "project", embedded=True)
    for number, teacher in enumerate(("caption", "caption", "my-vlm")):
        empty = {"scores": None, "raw": "", "error": None, "model": "", "teacher_fingerprint": "", "prompt_version": ""}
        numbers = {"seed": 0, "tokens_in": 0, "tokens_out": 0, "latency_s": 0.0, "student": ""}
        row = {"key": str(number), "purpose": "train", "persona_id": "p", "persona": "P", "teacher": teacher}
        project.ledger.append(Entry(**row, items=["a", "b"], ranking=[[0], [1]], **empty, **numbers))
    project.ledger.close()
    app = typer.Typer(cls=Group, callback=root, context_settings=HELP_OPTIONS, no_args_is_help=True)
    guide("pdistill/cli/answers.py").register(app)
    session = Session()
    command = typer.main.get_command(app)
    command.main(
        ["-P", str(project.root), "answers", "--json"], prog_name="pdistill", standalone_mode=False, obj=session
    )
    envelope = json.loads(capsys.readouterr().out)
    assert envelope["command"] == "answers"
    assert envelope["result"] == {"answers": {"caption": 2, "my-vlm": 1}}


def test_the_guide_names_files_that_are_there() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (REPOSITORY / target).exists(), target
    for module in re.findall(r"`((?:tests|docs|examples|store|cli)/[\w/]+\.\w+)`", text):
        assert (REPOSITORY / module).exists() or (REPOSITORY / "pdistill" / module).exists(), module
