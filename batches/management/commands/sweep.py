"""manage.py sweep: one sweep, which beat triggers every few seconds."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from batches.services.worker.inline import run_inline
from batches.services.worker.sweep import sweep
from content.management.terminal import counted


class Command(BaseCommand):
    help = "Send everything that is due to the broker, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--here", action="store_true", help="also do the due work in this process"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        swept = sweep()
        batches = counted(swept.batches, "batch", "batches")
        has_mails = swept.has_notifications or swept.has_password_mails
        mails = "mails" if has_mails else "no mails"
        calls = "contract calls" if swept.has_contract_calls else "no contract calls"
        self.stdout.write(f"Queued: {batches}, {mails}, {calls}.")
        if options["here"]:
            run_inline()
            self.stdout.write("All due work is done.")
