"""manage.py run_batch: changes items in bulk from the command line, and controls batches."""

from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from batches.management.cli.arguments import as_typed
from batches.management.cli.controlling import RUN_COMMANDS, add_run_command, control_run, find
from batches.management.cli.creating import EXAMPLES, add_operation, create, request_of
from batches.operations import OPERATIONS
from batches.services.orders.schedule import Link
from content.errors import ApplicationError, Invalid
from content.management.terminal import stop_with

EXIT_CODES = """\
exit codes:
  0    all items were saved; or the batch was started without --watch
  1    items failed, or the batch was cancelled or aborted
  2    nothing was changed; the message says why
  130  Ctrl-C while watching; the batch continues
"""


class Command(BaseCommand):
    help = (
        "Change items in bulk, and control batches and runs. Without --watch or --here it ends "
        "as soon as the batch is stored."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            formatter_class=RawDescriptionHelpFormatter,
            epilog=EXIT_CODES,
            **kwargs,
        )

    def add_arguments(self, parser: CommandParser) -> None:
        subparsers = parser.add_subparsers(dest="what", required=True, metavar="WHAT")

        def add(name: str, words: str, examples: Sequence[str]) -> CommandParser:
            lines = "".join(f"  manage.py run_batch {name} {each}\n" for each in examples)
            return subparsers.add_parser(
                name,
                help=words,
                description=f"{words[:1].upper()}{words[1:]}.",
                formatter_class=RawDescriptionHelpFormatter,
                epilog=f"examples:\n{lines}\n{EXIT_CODES}".replace("%", "%%"),
            )

        for kind, operation in OPERATIONS.items():
            add_operation(add(kind, operation.label.lower(), EXAMPLES.get(kind, ())), operation)
        for name, command in RUN_COMMANDS.items():
            examples = [f"ID {rest}".rstrip() for rest in command.examples]
            add_run_command(add(name, command.help, examples), name)

    def handle(self, *args: Any, **options: Any) -> None:
        links: Sequence[Link] = ()
        try:
            if options["what"] in OPERATIONS:
                request = request_of(options)
                links = request.schedule.depends_on
                with timezone.override(options["zone"] or request.by.time_zone):
                    create(request, options, self.stdout)
            else:
                run, by = find(options)
                with timezone.override(options.get("zone") or by.time_zone):
                    control_run(run, by, options, self.stdout)
        except Invalid as error:
            stop_with(as_typed(error, links))
        except ApplicationError as error:
            stop_with(error)
