"""Answers as they look, for the OpenAPI description."""

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
