"""The examples of docs/api.md run and print what the page shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.factories import PASSWORD
from tests.services import PATIENCE_SECONDS, need_program

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
BETWEEN = "=== the next section"
# How each language is called, says the line between two sections, and what it needs beside.
LANGUAGES = {
    "bash": (["bash", "-euo", "pipefail"], f"echo '{BETWEEN}'", "example.sh", ["curl", "jq"]),
    "python": ([sys.executable], f"print('{BETWEEN}', flush=True)", "example.py", []),
    "javascript": (["node"], f"console.log('{BETWEEN}');", "example.mjs", ["node"]),
}


def sections() -> list[dict[str, str]]:
    """The fenced blocks of each section, by their language."""
    parts = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    found = [
        dict(re.findall(r"^```(\w+)\n(.*?)^```", part, re.MULTILINE | re.DOTALL)) for part in parts
    ]
    return [blocks for blocks in found if "text" in blocks]


def test_every_section_speaks_all_languages():
    assert len(sections()) >= 10
    for blocks in sections():
        assert set(blocks) == {*LANGUAGES, "text"}


@pytest.mark.processes
@pytest.mark.parametrize("language", LANGUAGES)
def test_examples_print_shown_output(world, tmp_path, language):
    command, between, name, programs = LANGUAGES[language]
    for program in programs:
        need_program(program)
    script = tmp_path / name
    script.write_text(f"\n{between}\n".join(blocks[language] for blocks in sections()))
    world.start_worker(sweeps=True)

    done = subprocess.run(
        [*command, str(script)],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "BASE_URL": world.start_web(),
            "USERNAME": "alice",
            "PASSWORD": PASSWORD,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )

    assert done.returncode == 0, done.stdout + done.stderr + world.logs()
    printed = done.stdout.split(f"{BETWEEN}\n")
    for blocks, said in zip(sections(), printed, strict=True):
        pattern = re.escape(blocks["text"]).replace("…", "[^\n]+")
        assert re.fullmatch(pattern, said), f"{blocks['text']}\nis not what it printed:\n{said}"
