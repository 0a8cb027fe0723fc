"""How a session is written down: one JSON document, the same in every tier."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from neptun_tui.domain.account import Account, Secret, Session
from neptun_tui.storage.tier import Slot, TierUnavailable

VERSION: Final = 1


def seal(session: Session) -> str:
    """Write a session down. Reveals the cookie: call it on a tier's thread only.

    Returns:
        JSON in ASCII, so that one character is one UTF-16 unit, which Windows counts.
    """
    return json.dumps(
        {
            "v": VERSION,
            "cookie": session.cookie.reveal(),
            "uid": session.account.user_id,
            "email": session.account.email,
            "stored_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )


def unseal(slot: Slot, text: str) -> Session:
    """Read a session back.

    Args:
        slot: where it was kept; the server is known from there alone.
        text: what :func:`seal` wrote.

    Returns:
        The session; ``signed_in_at`` is the time it was stored.

    Raises:
        TierUnavailable: the text is torn, of another version, or of another user.
    """
    session = _session(slot, text)
    if session is None:
        raise TierUnavailable("The kept session cannot be read: sign in again.")
    return session


def _session(slot: Slot, text: str) -> Session | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    match value:
        case {"v": 1, "cookie": str(cookie), "uid": int(uid), "email": str(email)} if cookie:
            if uid != slot.user_id:
                return None
            account = Account(slot.origin, uid, email)
            return Session(account, Secret(cookie), _time(value.get("stored_at")))
    return None


def _time(value: object) -> datetime | None:
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return when if when is None or when.tzinfo else when.replace(tzinfo=UTC)
