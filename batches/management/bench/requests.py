"""Measure requests: a POST against a minimal view, and from POST to completion."""

import os
import secrets
import signal
import time
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.urls import include, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from batches.management.bench.rows import Row, milliseconds
from batches.management.bench.world import FLOORS, World, in_processes, settle
from batches.management.scratch import use_broker
from batches.models import BatchOperation, Source, Status
from batches.operations import OPERATIONS
from config.celery import app
from content.models import User, Wallet

PATH = f"/api/batches/{OPERATIONS['update-price'].api_path}"
FLOOR_PATH = "/bench-floor"
MAX_SECONDS = 30.0


class FloorBody(serializers.Serializer[Any]):
    contentIds = serializers.ListField(child=serializers.CharField(max_length=64), max_length=100)  # noqa: N815
    newPrice = serializers.IntegerField(min_value=0)  # noqa: N815


class FloorView(APIView):
    """The minimal view: authentication, a hundred ids, one row; no permission, quota or message."""

    def post(self, request: Request) -> Response:
        body = FloorBody(data=request.data)
        body.is_valid(raise_exception=True)
        ids = body.validated_data["contentIds"]
        wallet = Wallet.objects.get(owner_id=request.user.pk)
        batch = BatchOperation.objects.create(
            creator=wallet,
            requested_by=cast("User", request.user),
            source=Source.API,
            kind="update-price",
            payload={"newPrice": body.validated_data["newPrice"]},
            content_ids=ids,
            total_items=len(ids),
            status=Status.CANCELLED,
        )
        return Response({"batchId": str(batch.pk), "totalItems": len(ids)}, status=201)


urlpatterns = [path(FLOOR_PATH[1:], FloorView.as_view()), path("", include("config.urls"))]


def post_rows(world: World, rounds: int) -> list[Row]:
    """Call the product's view and the baseline's in turns with the same client."""
    settings.ROOT_URLCONF = __name__
    client = Client(SERVER_NAME="localhost")
    client.force_login(world.person)
    ours, raw = [], []
    for number in range(-5, rounds):  # the first calls load modules and caches
        body = world.body(number)
        our_time = milliseconds(_post, client, PATH, body)
        settle()
        raw_time = milliseconds(_post, client, FLOOR_PATH, body)
        if number >= 0:
            ours.append(our_time)
            raw.append(raw_time)
    floor = "a view that checks 100 ids and inserts one row"
    return [
        Row("POST of 100 ids, median", floor, 1.3, ours, raw),
        Row("POST of 100 ids, 99th percentile", floor, 1.5, ours, raw, percentile=99),
    ]


def end_to_end_row(world: World, rounds: int, broker_url: str) -> Row:
    """Measure from POST until the batch has ended, through Redis and one idle worker."""
    name, floor = "POST to completed, idle, through Redis", "one raw transaction"
    if connection.vendor != "postgresql":
        return Row(name, floor, 15, reason="the goal applies to PostgreSQL only.")
    if not _is_redis(broker_url):
        return Row(name, floor, 15, reason="no Redis at CELERY_BROKER_URL.")
    work = partial(_end_to_end, world, rounds, broker_url)
    ((ours, raw),) = in_processes(1, work)
    return Row(name, floor, 15, ours, raw)


def _end_to_end(
    world: World, rounds: int, broker_url: str, _: int
) -> tuple[list[float], list[float]]:
    """Run in a process of its own: connections to the broker are never closed."""
    # A prefix keeps these queues apart from others in the same Redis.
    options = {"global_keyprefix": f"bench-{secrets.token_hex(4)}-"}
    use_broker(broker_url, options)
    worker = os.fork()
    if not worker:
        _configure_worker()
    client = Client(SERVER_NAME="localhost")
    client.force_login(world.person)
    floor = FLOORS[connection.vendor]()
    ours, raw = [], []
    try:
        for number in range(-3, rounds):
            took = milliseconds(_post_end_to_end, client, world.body(1000 + number))
            if number >= 0:
                ours.append(took)
                raw.append(milliseconds(floor.run, rounds + number, world.chosen(number)))
    finally:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
        floor.close()
        _clear(broker_url, options["global_keyprefix"])
    return ours, raw


def _is_redis(url: str) -> bool:
    if not url.startswith(("redis://", "rediss://")):
        return False
    try:
        app.connection_for_write(url, connect_timeout=2).ensure_connection(max_retries=1)
    except Exception:  # whatever the transport raises
        return False
    return True


def _clear(broker_url: str, prefix: str) -> None:
    """Delete all keys under the prefix."""
    from redis import Redis

    with Redis.from_url(broker_url) as redis:
        for key in redis.scan_iter(f"{prefix}*"):
            redis.delete(key)


def _configure_worker() -> None:
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        app.Worker(
            queues=["batches"], pool="solo", without_mingle=True, without_gossip=True, quiet=True
        ).start()
    finally:
        os._exit(0)


def _post_end_to_end(client: Client, body: dict[str, Any]) -> None:
    batches = BatchOperation.objects.filter(pk=_post(client, PATH, body)["batchId"])
    began = time.monotonic()
    while not batches.filter(status=Status.COMPLETED).exists():
        if time.monotonic() - began > MAX_SECONDS:
            raise CommandError("A batch did not end, so nothing was measured.")
        time.sleep(0.001)


def _post(client: Client, path: str, body: dict[str, Any]) -> Any:
    answer = client.post(path, body, content_type="application/json", secure=True)
    if answer.status_code != 201:
        raise CommandError(f"POST answered {answer.status_code}: {answer.content[:300]!r}")
    return answer.json()
