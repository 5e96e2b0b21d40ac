"""Architecture rules: layers, file sizes, no machine names."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = {"config": 300, "content": 300, "batches": 300, "tests": 400}
# All settings in one file, on purpose.
MAY_BE_LONG = {"config/settings.py"}
# What belongs to one machine or to nobody but its owner.
FOREIGN = (
    r"(?<![\w.\-/])/(?:work|root|home/\w+)/"
    r"|^--(?:extra-)?index-url|^--find-links"
    r"|BEGIN (?:[A-Z]+ )?PRIVATE KEY"
)
NAMES_REGISTRY = re.compile(r"index|registry|find.links|trusted.host", re.IGNORECASE)
TOOLS = ("pip_", "uv_", "npm_config_")
CONFIGURATION = (
    "pip.conf",
    "xdg/pip/pip.conf",
    "pip/pip.conf",
    ".pip/pip.conf",
    "uv/uv.toml",
    "npmrc",
    ".npmrc",
)


def test_imports_run_one_way():
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("folder", MAX_LINES)
def test_no_file_is_a_giant(folder):
    giants = {}
    for path in (ROOT / folder).rglob("*.py"):
        name = str(path.relative_to(ROOT))
        lines = len(path.read_text().splitlines())
        if lines > MAX_LINES[folder] and "migrations" not in path.parts:
            giants[name] = lines
    assert giants.keys() - MAY_BE_LONG == set(), giants


@pytest.mark.django_db
def test_migrations_are_up_to_date():
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def registry_hosts():
    """Where this machine gets its packages, as its environment and its configuration say."""
    lines = [
        f"{name}={value}" for name, value in os.environ.items() if name.lower().startswith(TOOLS)
    ]
    for folder in (Path("/etc"), Path(sys.prefix), Path.home(), Path.home() / ".config"):
        for path in filter(Path.is_file, (folder / name for name in CONFIGURATION)):
            lines += path.read_text().splitlines()
    named = "\n".join(line for line in lines if NAMES_REGISTRY.search(line))
    hosts = re.findall(r"https?://(?:[^/\s@]*@)?([\w.-]+)", named)
    return set(hosts) - {"localhost", "127.0.0.1"}


def test_no_hosts_registries_or_keys_committed():
    foreign = re.compile("|".join([FOREIGN, *map(re.escape, registry_hosts())]), re.MULTILINE)
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        try:
            text = path.read_text()
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a picture, or deleted and not committed yet
        if path != Path(__file__) and (match := foreign.search(text)):
            found[name] = match.group()
    assert found == {}


def test_the_readme_names_every_setting_of_the_environment():
    files = ("settings.py", "environment.py")
    settings = "".join((ROOT / "config" / name).read_text() for name in files)
    readme = (ROOT / "README.md").read_text()
    readers = r"\benv_(?:str|list|int|seconds|bool|choice)"
    read = set(re.findall(readers + r'\(\s*"(\w+)"', settings))
    table = readme.split("## Settings")[1].split("## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = set(re.findall(r"`([A-Z_]+)`", " ".join(cells)))
    assert named == read
