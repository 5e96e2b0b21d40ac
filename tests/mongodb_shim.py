"""Adapts queries so that SecantusDB answers like MongoDB. For tests only.

SecantusDB stands in for MongoDB where none can be installed. It takes a document inside `$project`
or `$addFields` for a literal, where MongoDB descends into it: `{"$project": {"a": {"b": 1}}}`
answers `{"a": {"b": 1}}`, and `$addFields` drops the document's other fields. Dotted paths mean
the same to both, and both get them right.

A write to many documents outside of a transaction keeps the collection's lock while it waits for
a transaction that has written one of them; that one then waits for the lock with its next write,
for good. In a transaction of its own it meets a conflict instead, and is tried again.

A real MongoDB is sent what Django's backend wrote.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection

DESCENDING = frozenset({"$project", "$addFields", "$set"})


def install_for(url: str) -> None:
    """Ask in that way in this process from now on, if that server is SecantusDB.

    Raises pymongo's ServerSelectionTimeoutError when no server answers.
    """
    with MongoClient(url, serverSelectionTimeoutMS=3000) as client:
        if "secantusVersion" in client.server_info():
            install()


def install() -> None:
    aggregate = Collection.aggregate

    def rewritten(self: Any, pipeline: Any, *args: Any, **kwargs: Any) -> Any:
        return aggregate(self, rewrite(pipeline), *args, **kwargs)

    Collection.aggregate = rewritten  # type: ignore[method-assign]
    Collection.update_many = in_transaction(Collection.update_many)  # type: ignore[method-assign]
    Collection.delete_many = in_transaction(Collection.delete_many)  # type: ignore[method-assign]


def in_transaction(write: Callable[..., Any]) -> Callable[..., Any]:
    """The same write, in a transaction of its own where it has none."""

    @functools.wraps(write)
    def inside(self: Any, *args: Any, session: Any = None, **kwargs: Any) -> Any:
        if session is not None and session.in_transaction:
            return write(self, *args, session=session, **kwargs)
        with self.database.client.start_session() as own:
            return own.with_transaction(lambda _: write(self, *args, session=own, **kwargs))

    return inside


def rewrite(pipeline: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same pipeline with dotted paths instead of nested documents."""
    return [{name: _stage(name, body) for name, body in stage.items()} for stage in pipeline]


def _stage(name: str, body: Any) -> Any:
    if name in DESCENDING:
        return dict(_flat(body))
    if name == "$facet":
        return {key: rewrite(pipeline) for key, pipeline in body.items()}
    if isinstance(body, Mapping) and "pipeline" in body:
        return {**body, "pipeline": rewrite(body["pipeline"])}
    return body


def _flat(body: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        is_document = isinstance(value, Mapping) and value and not next(iter(value)).startswith("$")
        if is_document:
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value
