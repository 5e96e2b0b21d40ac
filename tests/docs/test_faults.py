"""The table of faults names tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "faults.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TABLE)


def functions_of(path):
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_test_that_the_table_names_exists():
    missing = [f"{path}::{name}" for path, name in NAMED if name not in functions_of(path)]
    assert missing == []
    assert len(NAMED) > 20


def test_fault_tests_are_in_their_rows():
    rows = {row.split("|")[1].strip(): row for row in TABLE.splitlines() if row.startswith("| ")}
    for path in (ROOT / "tests" / "faults").glob("test_*.py"):
        for name in functions_of(path.relative_to(ROOT)):
            if found := re.match(r"test_fault_(\d+)_", name):
                assert f"::{name}`" in rows[str(int(found[1]))], name


def test_every_failpoint_is_tested():
    code = [path.read_text() for app in ("batches", "content") for path in python_files(app)]
    places = {place for text in code for place in re.findall(r'reach\("([\w-]+)"', text)}
    tests = "\n".join(path.read_text() for path in python_files("tests/faults"))
    marked = "\n".join(re.findall(r"@pytest\.mark\.failpoint\n.*?(?=\n\n\n|\Z)", tests, re.DOTALL))
    assert len(places) >= 7
    assert {place for place in places if f'"{place}"' not in marked} == set()


def python_files(folder):
    return sorted((ROOT / folder).rglob("*.py"))
