"""Example answers for the OpenAPI description."""

CREATED = {
    "message": "Batch price update initiated",
    "batchId": "0198c5f2-6a31-7c04-9f0a-2b8d4d1f6e55",
    "status": "pending",
    "totalItems": 2,
}
PREVIEW_BODY = {"operationType": "update-price", "contentIds": ["7", "8"], "percentChange": 10}
PREVIEW = {
    "operationType": "update-price",
    "creator": "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7",
    "totalItems": 2,
    "changeCount": 1,
    "unchangedCount": 0,
    "failureCount": 1,
    "headline": "Change 1 of 2, 1 not possible",
    "moves": {"smallest": 100_000, "largest": 100_000, "mean": 100_000},
    "chainCost": None,
    "results": [
        {
            "contentId": "7",
            "title": "Night Ferry",
            "success": True,
            "outcome": "succeeded",
            "message": "Price updated to 1.1 STX",
            "before": {"price": 1_000_000},
            "after": {"price": 1_100_000},
            "version": 3,
        },
        {
            "contentId": "8",
            "title": "",
            "success": False,
            "outcome": "failed",
            "error": "Content not found or not owned by creator",
            "code": "not-found",
            "before": None,
            "after": None,
            "version": None,
        },
    ],
    "expectedVersions": {"7": 3},
}
RUN_CREATED = {
    "message": "Template run initiated",
    "submissionId": "0198c5f3-0b1e-7d10-8a55-61c0a7a4c3d2",
    "batchIds": ["0198c5f3-0b22-7e31-b0c1-0d5d54f7a901", "0198c5f3-0b25-7a92-9a3f-55f6b8e2c417"],
    "totalItems": 140,
}
LATER = {"scheduledFor": "2026-12-01T09:00:00+01:00", "until": "2026-12-08T09:00:00+01:00"}
LINKED = {"dependsOn": [{"batchId": CREATED["batchId"], "when": "on-success"}]}
SOME = {"contentIds": ["7"]}
SOME_FAILURES = {"code": "conflict"}
TEMPLATE = {
    "name": "Weekend prices",
    "operationType": "update-price",
    "updatePayload": {"percentChange": -20},
    "filter": {"contentType": "video"},
    "repeat": "weekly",
    "firstRun": "2026-12-04T18:00",
    "timeZone": "Europe/Berlin",
    "lastDay": "2027-03-31",
}
FROM_BATCH = {"from": {"batchId": CREATED["batchId"]}, "name": "As in November"}
