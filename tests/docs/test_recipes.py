"""The recipes of docs/recipes.md run and print what the page shows."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import load_command_class

from content.models import ApiToken, User
from tests.faults.worlds import looking_at
from tests.services import PATIENCE_SECONDS, need_program

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text()
README = (ROOT / "README.md").read_text()
BETWEEN = "=== the next block"
BLOCKS = re.findall(r"^```bash\n(.*?)^```\n\n```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"manage\.py (run_batch [^`|)\n]*)")


@pytest.mark.parametrize("page", [PAGE, README], ids=["recipes", "readme"])
def test_every_command_of_a_block_can_be_read(page):
    blocks = "".join(re.findall(r"^```(?:bash)?\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    commands = COMMAND.findall(blocks.replace("\\\n", " "))
    assert commands or page is README
    parser = load_command_class("batches", "run_batch").create_parser("manage.py", "run_batch")
    for command in commands:
        _, *words = shlex.split(re.sub(r"\$\w+", "0198f1f0-0000-7000-8000-000000000000", command))
        parser.parse_args(words)


@pytest.mark.processes
def test_recipes_print_shown_output(world, tmp_path, django_db_blocker):
    for program in ("bash", "curl", "jq"):
        need_program(program)
    with django_db_blocker.unblock(), looking_at(world.database_url):
        _, token = ApiToken.objects.create(user=User.objects.get(username="alice"))
    script = tmp_path / "recipes.sh"
    manage = f'manage.py() {{ {shlex.quote(sys.executable)} {ROOT / "manage.py"} "$@"; }}\n'
    script.write_text(manage + f"\necho '{BETWEEN}'\n".join(block for block, _ in BLOCKS))
    world.start_worker(sweeps=True)
    url = world.start_web(workers=1)

    done = subprocess.run(
        ["bash", "-uo", "pipefail", str(script)],
        cwd=tmp_path,
        env={**world.environment(SITE_URL=url, TOKEN=token), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )

    assert done.returncode == 0, done.stdout + done.stderr + world.logs()
    printed = done.stdout.split(f"{BETWEEN}\n")
    for (_, text), said in zip(BLOCKS, printed, strict=True):
        pattern = re.escape(text).replace("…", "[^\n]+")
        assert re.fullmatch(pattern, said), f"{text}\nis not what it printed:\n{said}{done.stderr}"
