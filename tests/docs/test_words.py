"""The documents name what exists, and no text has riddles or archaic words."""

import re
import tokenize
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
TEMPLATES = [path for path in sorted((ROOT / "templates").rglob("*.*")) if path.is_file()]
CODE = [
    path
    for app in ("batches", "content", "config")
    for path in sorted((ROOT / app).rglob("*.py"))
    if path.parent.name != "migrations"
]
# Write instead: again, N, in the meantime, is not a, aborted, discarded, automatically, a run,
# continue or resume, pause, local time, manually, users who, restore, queue or report, scheduled,
# heartbeat, configuration, permanently, someone.
BANNED = re.compile(
    r"\b(?:anew|so many|meanwhile|broken off|put aside|by (?:itself|themselves|hand)|whoever"
    r"|what was started together|what (?:has|have) begun|whose turn|(?:go|goes|went) on"
    r"|let it go|on hold|(?:is|are) held|on the wall|by the right of|looked? again"
    r"|tried again|tries again|(?<!there )is no (?!longer\b)|puts? back|(?:is|are|was|were|be) told"
    r"|tells? of|is to come|sign of life|surroundings|gives? up|for good|whom|somebody|no turn)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page):
    for name in re.findall(r"manage\.py (\w+)", page.read_text()):
        assert name in get_commands(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_exist(page):
    files = ("settings.py", "environment.py")
    known = "".join((ROOT / "config" / name).read_text() for name in files)
    for name in re.findall(r"`([A-Z]+(?:_[A-Z]+)+)\b", page.read_text()):
        if name not in {"BASE_URL"}:
            assert f'"{name}"' in known, name


def test_files_of_the_recipe_exist():
    recipe = (ROOT / "README.md").read_text().split("## How to add an operation")[1].split("## ")[0]
    paths = re.findall(r"`([\w.]+/[\w./]*)`", recipe)
    assert len(paths) >= 2
    for name in paths:
        assert (ROOT / name).exists(), name


def words_of(path):
    """The text of a page or template, or the strings, docstrings and comments of code."""
    if path.suffix != ".py":
        return re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>|`[^`\n]*`", " ", path.read_text())
    with path.open("rb") as file:
        tokens = list(tokenize.tokenize(file.readline))
    kinds = (tokenize.STRING, tokenize.COMMENT)
    return "\n".join(token.string for token in tokens if token.type in kinds)


def test_no_banned_words():
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in [*PAGES, *TEMPLATES, *CODE]
        for match in BANNED.finditer(" ".join(words_of(path).split()))
    }
    assert sorted(found) == []
