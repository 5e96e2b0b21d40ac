"""The shim changes the spelling of pipelines, never their meaning."""

from tests.mongodb_shim import rewrite


def test_documents_become_paths():
    pipeline = [
        {"$lookup": {"from": "wallet", "as": "w", "pipeline": [{"$project": {"a": {"b": 1}}}]}},
        {"$project": {"w": {"name": 1, "owner": {"_id": 1}}, "price": 1}},
        {"$addFields": {"total": {"$add": ["$price", 1]}, "a": {"b": "$price"}}},
    ]

    assert rewrite(pipeline) == [
        {"$lookup": {"from": "wallet", "as": "w", "pipeline": [{"$project": {"a.b": 1}}]}},
        {"$project": {"w.name": 1, "w.owner._id": 1, "price": 1}},
        {"$addFields": {"total": {"$add": ["$price", 1]}, "a.b": "$price"}},
    ]


def test_everything_else_stays_as_it_is():
    pipeline = [
        {"$match": {"price": {"$gt": 5}}},
        {"$group": {"_id": {"kind": "$kind"}, "n": {"$sum": 1}}},
        {"$project": {"x": {"$literal": {"a": 1}}, "empty": {}}},
        {"$limit": 3},
    ]

    assert rewrite(pipeline) == pipeline
