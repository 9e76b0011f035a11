"""Every event code that the code can write has a text in both languages."""

import ast
import re
from collections.abc import Iterator

import pytest

from core.config import ROOT
from core.domain.lifecycle import FinishReason, StrategyStatus
from core.notifications.catalogue import CATALOGUE, LANGUAGES, WORDS, Entry, Kind, kind_of, word

# How events are written, and which argument is the code.
WRITERS = {"tell": 2, "_tell": 2, "_record": 2, "_tell_refusal": 4}
ENDED = (StrategyStatus.STOPPED, StrategyStatus.FINISHED, StrategyStatus.FAILED)
CODE = re.compile(r"^[a-z][a-z_]+\Z")


def written_codes() -> Iterator[tuple[str, str]]:
    """(code, where) of every event that is written with its code in the source."""
    for file in sorted((ROOT / "core").rglob("*.py")):
        if "paper" in file.parts:
            continue
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            named = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            given = (
                named if name == "Event" else call.args[WRITERS[name] : WRITERS[name] + 1] if name in WRITERS else []
            )
            for value in given:
                for constant in ast.walk(value):
                    if isinstance(constant, ast.Constant) and CODE.match(str(constant.value)):
                        yield str(constant.value), f"{file.relative_to(ROOT)}:{call.lineno}"


def test_every_code_in_the_source_has_both_texts() -> None:
    found = dict(written_codes())
    assert len(found) > 12, "the way in which events are written has changed: teach this test"
    codes = {**found, **{reason.lower(): reason for reason in FinishReason}, **{end.lower(): end for end in ENDED}}
    assert {code: where for code, where in codes.items() if code not in CATALOGUE} == {}


@pytest.mark.parametrize(("code", "entry"), [*CATALOGUE.items(), *WORDS.items()])
def test_texts_are_in_their_languages_and_ask_for_the_same_values(code: str, entry: Entry) -> None:
    english, chinese = (entry.text(language) for language in LANGUAGES)
    assert english
    assert english.isascii()
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", chinese))


@pytest.mark.parametrize(
    ("level", "code", "kind"),
    [
        ("INFO", "running", None),
        ("INFO", "stopped", Kind.ENDS),
        ("WARNING", "stop_loss", Kind.ENDS),
        ("WARNING", "order_refused", Kind.WARNINGS),
        ("ALARM", "ghost_order", Kind.ALARMS),
        ("ALARM", "liquidation", Kind.ALARMS),
        ("WARNING", "not in the catalogue", Kind.WARNINGS),
    ],
)
def test_the_kind_of_an_event(level: str, code: str, kind: Kind | None) -> None:
    assert kind_of(level, code) is kind


def test_words_take_their_values() -> None:
    assert word("fills", "zh-Hant", count=12) == "12 筆成交"
