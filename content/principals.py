"""Stacks principals: the c32-checked addresses of wallets. Pure."""

import hashlib
import re
from typing import Any

_C32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Mainnet and testnet, single and multiple signature: SP, SM, ST, SN.
_ADDRESS_VERSIONS = {22, 20, 26, 21}


def clean_address(value: Any) -> str:
    """Return a standard Stacks principal with a valid checksum.

    Source: c32check of SIP-005: base-32 digits, 20 bytes of hash and the first 4 of
    SHA-256(SHA-256(version ‖ hash)).
    """
    if not isinstance(value, str) or not re.fullmatch(f"S[{_C32}]{{24,43}}", value, re.ASCII):
        raise ValueError("A Stacks address begins with SP or ST and has about 40 characters.")
    version = _C32.index(value[1])
    number = 0
    for character in value[2:]:
        number = number * 32 + _C32.index(character)
    if version not in _ADDRESS_VERSIONS or number >> 192:
        raise ValueError("This is not a valid Stacks address.")
    payload = number.to_bytes(24, "big")
    if (
        _checksum(version, payload[:20]) != payload[20:]
        or c32_address(version, payload[:20]) != value
    ):
        raise ValueError("This address has a typo: its checksum is wrong.")
    return value


def c32_address(version: int, hash160: bytes) -> str:
    """Return the address of a 20-byte hash; version 22 is mainnet, 26 testnet."""
    payload = hash160 + _checksum(version, hash160)
    number = int.from_bytes(payload, "big")
    digits = ""
    while number:
        number, digit = divmod(number, 32)
        digits = _C32[digit] + digits
    # Each leading zero byte is one leading zero digit, like in base 58.
    zeros = len(payload) - len(payload.lstrip(b"\0"))
    return "S" + _C32[version] + "0" * zeros + digits


def _checksum(version: int, hash160: bytes) -> bytes:
    inner = hashlib.sha256(bytes([version]) + hash160).digest()
    return hashlib.sha256(inner).digest()[:4]
