"""A simulated contract in the database, for the demo and tests.

SANDBOX_FAILURE makes it fail: `rejected`, `unreachable`, or a list of on-chain ids whose items
the contract refuses.
"""

import hashlib

from django.conf import settings

from content.contract import CallDelayed, CallRefused, Receipt
from content.models import SandboxTransaction


class Sandbox:
    name = "sandbox"

    def send(self, *, call_id: str, function: str, arguments: list[dict[str, int]]) -> str:
        failure = settings.SANDBOX_FAILURE
        if failure == "unreachable":
            raise CallDelayed("The sandbox simulates an unreachable node.")
        if failure == "rejected":
            raise CallRefused("The sandbox is configured to reject every call.")
        refused = {int(number) for number in failure.split(",") if number.strip()}
        tx_id = "0x" + hashlib.sha512(f"sandbox:{call_id}".encode()).hexdigest()[:64]
        SandboxTransaction.objects.get_or_create(
            tx_id=tx_id,
            defaults={
                "function": function,
                "arguments": arguments,
                "responses": [
                    {"error": "The contract refused this item."}
                    if argument["content-id"] in refused
                    else {"ok": True}
                    for argument in arguments
                ],
            },
        )
        return tx_id

    def receipt(self, tx_id: str) -> Receipt:
        transaction = SandboxTransaction.objects.filter(tx_id=tx_id).first()
        if transaction is None:
            raise CallDelayed("The sandbox does not know this transaction yet.")
        return Receipt(
            tx_id=tx_id,
            is_settled=True,
            errors=[response.get("error") for response in transaction.responses],
        )
