"""Parsers for files as request bodies: return the bytes for a service to read."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from content.api.parsers import read_body, refuse_other_charsets

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class WrongFile(UnsupportedMediaType):
    """The body has an unsupported content type."""

    def __init__(self, media_type: str) -> None:
        super().__init__(
            media_type,
            f"Send CSV with Content-Type: {CSV}, or a spreadsheet with Content-Type: {XLSX}.",
        )


class FileParser(BaseParser):
    """Return the bytes under `file`, since parsers return a mapping."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, bytes]:
        """Raises ParseError, UnsupportedMediaType and BodyTooLarge."""
        refuse_other_charsets(media_type or "")
        return {"file": read_body(stream)}


class CSVParser(FileParser):
    media_type = CSV


class SpreadsheetParser(FileParser):
    media_type = XLSX


class NoFileParser(BaseParser):
    """For every other type; must be the last parser of a view."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, bytes]:
        raise WrongFile(media_type or "")


FILE_PARSERS = (CSVParser, SpreadsheetParser, NoFileParser)


def file_of(request: Request) -> bytes:
    """Return the uploaded file; empty if there is none. Raises like the parsers."""
    data = request.data
    return bytes(data["file"]) if isinstance(data, dict) and data else b""
