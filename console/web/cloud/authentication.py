"""The check of who signed a request: a known key, a right signature, a time that is near, a nonce that is new.

Times more than 15 minutes off are refused, so a nonce has to be remembered for twice that and no longer; it is stored,
because a request that was taken before a restart is no better after it.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

from console.web.cloud.errors import ErrorKind
from console.web.cloud.records import Key
from console.web.cloud.signatures import Signature
from console.web.cloud.store import CloudStore

TOLERANCE: Final = timedelta(minutes=15)
_NONCE: Final = "nonce"
_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


class Authenticator:
    """Finds the account that signed a request, and refuses repetitions."""

    def __init__(self, store: CloudStore) -> None:
        """Keep where keys and nonces are."""
        self._store = store

    def account_of(self, signature: Signature, now: datetime) -> str:
        """Find the uid of the account that signed a request in this way. Raises ApiError."""
        key = self._store.get(Key, signature.key)
        if key is None:
            raise ErrorKind.UNKNOWN_KEY.error()
        if not key.active:
            raise ErrorKind.INACTIVE_KEY.error()
        try:
            said = datetime.strptime(signature.time, _FORMAT).replace(tzinfo=UTC)
        except ValueError:
            raise ErrorKind.BAD_TIME.error() from None
        if abs(now - said) > TOLERANCE:
            raise ErrorKind.STALE_TIME.error()
        if not signature.matches(key.secret):
            raise ErrorKind.WRONG_SIGNATURE.error(f"{ErrorKind.WRONG_SIGNATURE.message}{signature.to_sign}")
        nonce = hashlib.sha256(f"{signature.key} {signature.nonce}".encode()).hexdigest()
        if not self._store.remember(_NONCE, nonce, now.timestamp(), (now + 2 * TOLERANCE).timestamp()):
            raise ErrorKind.USED_NONCE.error()
        return key.account
