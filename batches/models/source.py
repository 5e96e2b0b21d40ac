"""The door through which a change was requested."""

from django.db import models


class Source(models.TextChoices):
    ADMIN = "admin", "Admin"
    PAGE = "page", "Page"
    API = "api", "API"
    TEMPLATE = "template", "Template"
    COMMAND = "command", "Command line"


def kind_label(kind: str) -> str:
    """Return a kind of operation for people: `update-price` is *Update price*."""
    return kind.replace("-", " ").capitalize()
