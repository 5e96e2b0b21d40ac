from content.models.accounts import ApiToken, FailedLogin, PasswordMail, User, Wallet
from content.models.catalogue import (
    Content,
    ContentChange,
    ContentQuerySet,
    ContentRow,
    batch_of,
)
from content.models.chain import ContractCall, SandboxTransaction
from content.models.idempotency import IdempotencyKey

__all__ = [
    "ApiToken",
    "Content",
    "ContentChange",
    "ContentQuerySet",
    "ContentRow",
    "ContractCall",
    "FailedLogin",
    "IdempotencyKey",
    "PasswordMail",
    "SandboxTransaction",
    "User",
    "Wallet",
    "batch_of",
]
