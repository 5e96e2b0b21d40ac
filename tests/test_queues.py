"""The queues of a worker, and the queue of every task."""

import batches.tasks  # noqa: F401
from config.celery import app


def test_a_plain_worker_serves_all_queues():
    served = app.amqp.queues.consume_from
    assert set(served) == {"batches", "outbox", "sweep"}
    # As RabbitMQ had them before they were declared: a queue is bound to one exchange of its name.
    for name, queue in served.items():
        assert (queue.exchange.name, queue.exchange.type) == (name, "direct")
        assert queue.routing_key == name


def test_every_task_queue_is_served():
    ours = {name for name in app.tasks if name.startswith("batches.")}
    assert ours == set(app.conf.task_routes)
    for name in ours:
        assert app.amqp.router.route({}, name)["queue"].name in app.amqp.queues.consume_from
