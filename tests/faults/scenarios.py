"""Strategies for Hypothesis: faults of each request, and concurrent changes by others.

Nothing here depends on the server's content: positions in lists are chosen, and resolved at
that moment. Otherwise two runs of one example could differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from hypothesis import strategies as st

from neptun_tui.domain.plan import DeletionPlan, ResourceRef
from neptun_tui.domain.resources import SOURCE_TYPES

from .proxy import OF_LISTS, Fault

_SLOW = (Fault.LATE_ANSWER, Fault.LATE_REQUEST, Fault.HELD)
"""They cost a time-out each, so they are chosen less often."""

_QUICK = [fault for fault in Fault if fault not in (*_SLOW, *OF_LISTS)]
_OTHERS = ("add", "remove", "remove", "lift", "move")
_OURS = ("key", "stop", "release", "release", "down")


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that happens at the moment a request arrives or is answered.

    Attributes:
        what: ``remove``, ``move``, ``lift`` and ``add`` are changes by another client; ``key``
            ends all sessions, ``down`` cuts the network for some waits, ``stop`` is the user's,
            ``release`` passes the held requests to the server.
        place: position of its item.
        number: duration, or target.
    """

    what: str
    place: int
    number: int


@dataclass(frozen=True, slots=True)
class Scripted:
    """One turn as it was chosen."""

    fault: Fault
    before: Deed | None = None
    after: Deed | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """Behaviour of the proxy for a while.

    Attributes:
        deletes: to the requests of the first steps of a plan.
        checks: to questions whether the session is alive.
        files: to listings of files.
        imports: to those of imports, by source type.
    """

    deletes: list[list[Scripted]] = field(default_factory=list)
    checks: list[Scripted] = field(default_factory=list)
    files: list[Scripted] = field(default_factory=list)
    imports: tuple[list[Scripted], ...] = ()

    def turns(self, plan: DeletionPlan | None = None) -> Iterator[tuple[str, list[Scripted]]]:
        """The turns of each request, by its label."""
        if plan:
            steps = zip(plan.steps, self.deletes, strict=False)
            yield from ((label(step.target.key), turns) for step, turns in steps)
        yield "HEAD check", self.checks
        yield "GET files", self.files
        for source, turns in zip(SOURCE_TYPES, self.imports, strict=False):
            yield f"GET imports {source}", turns

    @property
    def releases(self) -> bool:
        """True if the server may receive the held requests while it goes on."""
        turns = chain(chain.from_iterable(self.deletes), *(turns for _, turns in self.turns()))
        acts = chain.from_iterable((turn.before, turn.after) for turn in turns)
        return any(act.what == "release" for act in acts if act)


@dataclass(frozen=True, slots=True)
class Start:
    """A new start of the program, which settles what was left open.

    Attributes:
        script: how the line behaves meanwhile.
        willing: whether the person signs in again if asked to.
        late: whether the server gets what was held only afterwards.
        later: whether the program looks again when nothing can still be on its way.
    """

    script: Script
    willing: bool
    late: bool
    later: bool


def label(key: ResourceRef) -> str:
    """Return the proxy's name of the DELETE of an item."""
    return f"DELETE {key.kind}s/{key.id}"


def _doing(*what: str) -> st.SearchStrategy[Deed]:
    return st.builds(Deed, st.sampled_from(what), st.integers(0, 11), st.integers(1, 12))


def _turns(*faults: st.SearchStrategy[Fault]) -> st.SearchStrategy[Scripted]:
    act = st.one_of(*[st.none()] * 9, *[_doing(*_OTHERS)] * 2, _doing(*_OURS))
    return st.builds(Scripted, st.one_of(*faults), act, act)


_A_DELETE = _turns(st.sampled_from([*_QUICK * 3, *_SLOW]))
_A_LIST = _turns(
    # An honest-looking empty list is the one lie that cannot be detected.
    st.sampled_from([Fault.PASS, *(f for f in _QUICK if f != Fault.EMPTY_PROMISE), *OF_LISTS]),
    *[st.sampled_from([Fault.PASS, *OF_LISTS])] * 2,
)
_DELETE = st.lists(_A_DELETE, max_size=6)
_BROKEN_LATER: st.SearchStrategy[list[Scripted]] = st.builds(
    lambda good, fault: [Scripted(Fault.PASS)] * good + [Scripted(fault)] * 6,
    st.integers(0, 2),
    st.sampled_from(sorted(OF_LISTS)),
)
_LIST: st.SearchStrategy[list[Scripted]] = st.one_of(
    st.just([]), st.just([]), st.lists(_A_LIST, max_size=3), _BROKEN_LATER
)

OTHERS = _doing(*_OTHERS)
"""Something that another window of the same account does."""

_STARTS = st.builds(Script, files=_LIST, imports=st.tuples(_LIST, _LIST, _LIST))
START = st.one_of(
    *[st.none()] * 3,
    st.builds(
        Start,
        st.one_of(st.just(Script()), _STARTS),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
)
"""True if the program is started again after a run."""

_DELETES = st.tuples(_DELETE, _DELETE, _DELETE, _DELETE).map(list)
RUNS = st.one_of(
    *[st.builds(Script, _DELETES, st.lists(_A_DELETE, max_size=2))] * 2,
    st.builds(Script, _DELETES, files=_LIST, imports=st.tuples(_LIST, _LIST, _LIST)),
)
"""Its behaviour during a run; two of three times the listings are good."""
