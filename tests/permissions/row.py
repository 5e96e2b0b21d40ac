"""One row of the permission table, and names shared by several doors."""

from dataclasses import dataclass, field
from typing import Any

PEOPLE = ["anonymous", "carol", "alice", "bob", "clerk", "viewer", "staff", "root", "inactive"]


@dataclass(frozen=True)
class Row:
    """One request; `{batch}` and the like in path and data name what the world holds.

    Data that is a text goes to the API as CSV, to a page as a file that was chosen.
    """

    route: str
    method: str
    answers: str
    data: Any = None
    # Beside the path: what the parameters of the route are filled with.
    path: dict[str, str] = field(default_factory=dict)
    query: str = ""
    # What the row is about, where several have the same route and method.
    about: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, [self.method, self.route or "/", self.about]))


ID = {"batch_id": "{batch}"}
ITEM = {"content_id": "{item}"}
DRAFT = {"submission_id": "{draft}"}
STARTED = {"submission_id": "{started}"}
ANYBODY = " 200       200   200   200 200   200    200   200  200"
