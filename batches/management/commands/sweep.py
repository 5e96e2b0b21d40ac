"""manage.py sweep: one sweep, as beat has it done every few seconds."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from batches.services.worker.inline import run_inline
from batches.services.worker.sweep import sweep
from content.management.terminal import counted


class Command(BaseCommand):
    help = "Hand everything that is due to the broker, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--here", action="store_true", help="do the work that is due in this process as well"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        swept = sweep()
        batches = counted(swept.batches, "batch", "batches")
        has_mails = swept.has_notifications or swept.has_password_mails
        mails = "mails" if has_mails else "no mails"
        calls = "contract calls" if swept.has_contract_calls else "no contract calls"
        self.stdout.write(f"Handed over: {batches}, {mails}, {calls}.")
        if options["here"]:
            run_inline()
            self.stdout.write("What was due is done.")
