"""The bench in its own process: it leaves no files; its numbers are not checked."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from batches.management.bench.rows import Row
from tests.services import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.processes
def test_bench_uses_its_own_database(tmp_path):
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"}
    }
    chart = tmp_path / "chart.svg"
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "manage.py"),
            "bench",
            "--quick",
            "--json",
            f"--chart={chart}",
        ],
        env={**inherited, "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["database"] == "sqlite"
    measured = [row for row in found["rows"] if "notMeasured" not in row]
    assert len(measured) == 7
    assert all(row["ratio"] > 0 and row["ours"] > 0 for row in measured)
    assert {row["name"] for row in found["rows"] if row not in measured} == {
        "Two workers",
        "POST to completed, idle, through Redis",
        "First page of the list of batches",
        "A page by key from its middle",
    }
    drawn = ElementTree.parse(chart).getroot()
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}rect"))) == len(measured)
    # Checked before the start, and left without tables.
    with closing(sqlite3.connect(tmp_path / "content-batches.sqlite3")) as usual:
        assert usual.execute("SELECT name FROM sqlite_master").fetchall() == []
    assert not list(tmp_path.rglob("*.msg"))


@pytest.mark.parametrize("place", ["nowhere/chart.svg", "."])
def test_unwritable_chart_refused_first(tmp_path, place):
    with pytest.raises(CommandError, match="can't be written to"):
        call_command("bench", chart=tmp_path / place)


def test_quartiles_shown_for_medians_only():
    times = [float(number) for number in range(1, 101)]
    half = Row("Half", "a floor", 1, times, times).as_words()
    slowest = Row("Slowest", "a floor", 1, times, times, percentile=99).as_words()

    assert "50.50 ms to 50.50 ms (middle half 25.75 to 75.25)" in half
    assert "99.01 ms to 99.01 ms\n" in slowest
    assert "ratio 1.000, goal at most 1: reached" in slowest
