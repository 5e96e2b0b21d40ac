"""Liveness and readiness, for load balancers and operators."""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from batches.services.heartbeat import is_silent, worker_seen_at
from config.database import lacks_tables
from config.errors import NO_TABLES
from config.middleware import GetResponse


def livez(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 503 without the database; report a missing worker with 200."""
    try:
        seen_at = worker_seen_at()
    except DatabaseError as error:
        return JsonResponse(
            {
                "status": "unavailable",
                "database": NO_TABLES if lacks_tables(error) else "unreachable",
            },
            status=503,
            headers={"Retry-After": "5"},
        )
    return JsonResponse(
        {
            "status": "ok",
            "database": "ok",
            "worker": "silent" if is_silent(seen_at) else "ok",
            "workerSeenAt": seen_at,
        }
    )


def health_paths(get_response: GetResponse) -> GetResponse:
    """Answer health checks first: they use plain http and an IP address as host."""
    answers = {"/livez": livez, "/readyz": readyz}

    def middleware(request: HttpRequest) -> HttpResponse:
        answer = answers.get(request.path_info.rstrip("/"))
        return answer(request) if answer else get_response(request)

    return middleware
