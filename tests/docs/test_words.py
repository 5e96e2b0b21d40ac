"""What the documents name is there: files, commands, settings."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


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
    for name in re.findall(r"\| `([\w./]+)` \|", recipe):
        assert (ROOT / name).exists(), name
