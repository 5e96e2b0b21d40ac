"""manage.py verify: checks that items, history, batches and templates agree."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from batches.services.integrity.verify import Checked, Fault, verify
from content.management.terminal import counted, plain_line

FAULTS_SHOWN = 1000


class Command(BaseCommand):
    help = (
        "Check that the history of every item has no gap and ends with the item's values, and "
        "that batches, results, counters, dependencies, undone values and template runs "
        "agree. Only reads; exit code 1 if something is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        checked = Checked()
        shown: list[Fault] = []
        count = 0
        for fault in verify(checked):
            count += 1
            if len(shown) < FAULTS_SHOWN:
                shown.append(fault)
                if not options["json"]:
                    self.stdout.write(plain_line(f"{fault.about}: {fault.words}"))
        if options["json"]:
            report = {
                "ok": not count,
                "checked": asdict(checked),
                "faultCount": count,
                "faults": [asdict(fault) for fault in shown],
            }
            self.stdout.write(json.dumps(report, indent=2))
        else:
            if count > len(shown):
                self.stdout.write(f"… and {count - len(shown):,} more")
            self.stdout.write(
                f"{counted(checked.contents, 'item')}, {counted(checked.changes, 'change')}, "
                f"{counted(checked.batches, 'batch', 'batches')}, "
                f"{counted(checked.results, 'result')}: "
                + (f"{count:,} wrong." if count else "all agree.")
            )
        if count:
            raise SystemExit(1)
