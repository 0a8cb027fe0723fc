"""The one document a session is written as."""

import json
from datetime import UTC, datetime

import pytest

from neptun_tui.storage.envelope import seal, unseal
from neptun_tui.storage.tier import Slot, TierUnavailable


def test_there_and_back(make_session):
    session = make_session(email="ü😀@example.com")
    text = seal(session)
    assert json.loads(text).keys() == {"v", "cookie", "uid", "email", "stored_at"}
    assert text.isascii()
    back = unseal(Slot.of(session.account), text)
    assert (back.account, back.cookie) == (session.account, session.cookie)
    assert abs((datetime.now(UTC) - back.signed_in_at).total_seconds()) < 5


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"cookie": ""}, {"cookie": None}, {"uid": "42"}, {"uid": 43}, {"email": 5}],
)
def test_what_is_not_whole_is_refused_without_repeating_it(session, change):
    text = json.dumps(json.loads(seal(session)) | change)
    with pytest.raises(TierUnavailable, match=r"^The kept session cannot be read") as caught:
        unseal(Slot.of(session.account), text)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_torn(session, cut):
    with pytest.raises(TierUnavailable) as caught:
        unseal(Slot.of(session.account), seal(session)[:cut])
    assert caught.value.__context__ is None


@pytest.mark.parametrize("stored_at", [None, 5, "monday", "2031-01-02T03:04:05"])
def test_a_strange_time_costs_only_the_time(session, stored_at):
    text = json.dumps(json.loads(seal(session)) | {"stored_at": stored_at})
    when = unseal(Slot.of(session.account), text).signed_in_at
    assert when is None or when.tzinfo
