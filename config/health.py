"""Is the process alive, and can it serve: for load balancers and people in a hurry."""

from datetime import timedelta

from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from config.database import lacks_tables
from config.errors import NO_TABLES

WORKER_SILENT_AFTER = timedelta(minutes=2)


def livez(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """503 without the database; without a worker it serves, and says so."""
    from batches.models import Heartbeat

    try:
        beat = Heartbeat.objects.filter(name="worker").first()
    except DatabaseError as error:
        return JsonResponse(
            {
                "status": "unavailable",
                "database": NO_TABLES if lacks_tables(error) else "unreachable",
            },
            status=503,
            headers={"Retry-After": "5"},
        )
    is_alive = beat is not None and timezone.now() - beat.at < WORKER_SILENT_AFTER
    return JsonResponse(
        {
            "status": "ok",
            "database": "ok",
            "worker": "ok" if is_alive else "silent",
            "workerSeenAt": beat.at if beat else None,
        }
    )
