"""Deletion plan, and the rules that turn evidence into a result."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neptun_tui.domain.account import Account
from neptun_tui.domain.errors import (
    AccessDenied,
    Busy,
    OutcomeUnknown,
    Rejected,
    ServerFailed,
    ServiceError,
    SessionExpired,
    SignInRefused,
    Unreachable,
    UnusableAnswer,
)
from neptun_tui.domain.listing import Listing
from neptun_tui.domain.plan import DeletionPlan, ResourceRef, diff_plans, make_plan
from neptun_tui.domain.resources import File, Import, Kind, Project
from neptun_tui.domain.results import (
    Evidence,
    Outcome,
    Report,
    Verdict,
    decide,
    evidence_of,
    worth_another_try,
)

from ..builders import examples

calm = settings(deadline=None, max_examples=examples(120))

MakeImport = Callable[..., Import]
MakeFile = Callable[..., File]
Plan = Callable[..., DeletionPlan]


def i(number: int) -> ResourceRef:
    return ResourceRef(Kind.IMPORT, number)


def f(number: int) -> ResourceRef:
    return ResourceRef(Kind.FILE, number)


@pytest.fixture(scope="session")
def plan(account: Account, project: Project) -> Plan:
    def make(
        imports: Iterable[Import],
        files: Collection[File],
        *chosen: ResourceRef,
        hidden: Iterable[ResourceRef] = (),
    ) -> DeletionPlan:
        return make_plan(account, project, imports, files, frozenset(chosen), frozenset(hidden))

    return make


def keys(plan: DeletionPlan) -> list[ResourceRef]:
    return [target.key for target in plan.targets]


def requests(plan: DeletionPlan) -> list[ResourceRef]:
    return [step.target.key for step in plan.steps]


# --- the plan


def test_targets_made_beforehand_make_the_same_plan(
    account: Account, project: Project, make_import: MakeImport, make_file: MakeFile
) -> None:
    imports = (make_import(1), make_import(2))
    files = tuple(make_file(n, parent) for n, parent in ((9, 1), (4, None), (7, 2), (3, 1), (8, 2)))
    listing = Listing(project, imports, files, datetime(2026, 1, 2, tzinfo=UTC))
    chosen = {i(1), f(3), f(7), f(4), f(99)}
    made = make_plan(account, project, imports, files, chosen, {f(7)})
    assert made == make_plan(
        account, project, imports, files, chosen, {f(7)}, targets=listing.targets
    )
    assert keys(made) == [i(1), f(3), f(9), f(4), f(7)]


def test_an_import_takes_its_files_and_no_others(
    plan: Plan, make_import: MakeImport, make_file: MakeFile
) -> None:
    files = [make_file(5, 2), make_file(4, 1), make_file(3), make_file(2, 99), make_file(1, 1)]
    made = plan([make_import(2), make_import(1)], files, i(1))
    assert requests(made) == [i(1)]
    assert keys(made) == [i(1), f(1), f(4)]
    assert (made.total, made.size) == (3, 20)


def test_a_file_under_a_chosen_import_is_not_sent_on_its_own(
    plan: Plan, make_import: MakeImport, make_file: MakeFile
) -> None:
    files = [make_file(11, 1), make_file(12, 1), make_file(13, 2), make_file(14)]
    made = plan([make_import(1), make_import(2)], files, f(14), f(13), f(11), i(1))
    assert requests(made) == [i(1), f(13), f(14)]
    assert keys(made) == [i(1), f(11), f(12), f(13), f(14)]
    assert made.total == 5


def test_the_numbers_of_the_two_kinds_are_not_mixed_up(
    plan: Plan, make_import: MakeImport, make_file: MakeFile
) -> None:
    imports, files = [make_import(102), make_import(7)], [make_file(102, 7), make_file(7, 102)]
    assert keys(plan(imports, files, f(102))) == [f(102)]
    assert keys(plan(imports, files, i(102))) == [i(102), f(7)]
    assert keys(plan(imports, files, i(7), f(7))) == [i(7), f(102), f(7)]


def test_what_is_not_listed_is_left_out(
    plan: Plan, make_import: MakeImport, make_file: MakeFile
) -> None:
    made = plan([make_import(1)], [make_file(11)], i(9), f(99), f(11))
    assert keys(made) == [f(11)]
    assert plan([], [], i(9), f(99)).steps == ()


def test_a_chosen_file_is_kept_in_the_plan_when_its_chosen_import_is_listed_no_more(
    plan: Plan, make_import: MakeImport, make_file: MakeFile
) -> None:
    made = plan([], [make_file(11, 1)], i(1), f(11))
    assert keys(made) == [f(11)]


@pytest.mark.parametrize("chosen", [(i(1), f(11)), (i(1),)], ids=["both", "its import"])
def test_a_file_that_is_still_listed_is_never_called_gone(
    plan: Plan, make_import: MakeImport, make_file: MakeFile, chosen: tuple[ResourceRef, ...]
) -> None:
    file = make_file(11, 1)
    changes = diff_plans(plan([make_import(1)], [file], *chosen), plan([], [file], *chosen))
    assert i(1) in [change.target.key for change in changes]
    assert f(11) not in [c.target.key for c in changes if "no longer there" in c.what]


@pytest.mark.parametrize(
    ("source_type", "connection"),
    [("github_repository_installation", True), ("github", True), ("local_folder", False)],
)
def test_a_step_knows_whether_a_connection_goes_with_it(
    plan: Plan, make_import: MakeImport, source_type: str, connection: bool
) -> None:
    made = plan([make_import(1, source_type=source_type)], [], i(1))
    assert made.steps[0].takes_connection is connection


def test_a_step_knows_whether_a_filter_hid_it(
    plan: Plan, make_import: MakeImport, make_file: MakeFile
) -> None:
    imports, files = [make_import(1), make_import(2)], [make_file(1), make_file(2)]
    made = plan(imports, files, i(1), i(2), f(1), f(2), hidden=[i(2), f(1)])
    assert [step.target.key for step in made.steps if step.hidden] == [i(2), f(1)]


def test_a_target_carries_what_a_person_knows_the_item_by(
    plan: Plan, make_import: MakeImport, make_file: MakeFile
) -> None:
    item = make_import(1, "org/repo", source_ref="main")
    file = make_file(11, title="a.md", file_type="markdown", size=7)
    first, second = plan([item], [file], i(1), f(11)).targets
    assert (first.name, first.type, first.size) == ("org/repo @ main", "Local folder", 0)
    assert (second.name, second.type, second.size) == ("a.md", "markdown", 7)
    assert (first.project_id, second.project_id) == (1, 1)


@pytest.mark.parametrize(
    ("chosen", "phrase"),
    [
        ([f(11)], None),
        ([i(1)], "1"),
        ([i(2)], "2"),
        ([f(11), f(12)], "2"),
        ([i(1), f(13)], "4"),
        ([i(1), i(2)], "4"),
    ],
)
def test_what_must_be_typed_is_the_id_of_one_import_or_the_number_of_several_items(
    plan: Plan,
    make_import: MakeImport,
    make_file: MakeFile,
    chosen: list[ResourceRef],
    phrase: str | None,
) -> None:
    files = [make_file(11, 1), make_file(12, 1), make_file(13)]
    assert plan([make_import(1), make_import(2)], files, *chosen).phrase == phrase


NUMBERS = st.integers(1, 12)
PARENTS = st.dictionaries(NUMBERS, st.one_of(st.none(), st.integers(1, 16)))
"""Files with their imports, visible or not. 13 to 16 never are."""
VISIBLE = st.frozensets(NUMBERS)
CHOSEN = st.frozensets(st.builds(ResourceRef, st.sampled_from(Kind), st.integers(1, 16)))


@calm
@given(visible=VISIBLE, parents=PARENTS, chosen=CHOSEN)
def test_a_plan_is_what_was_chosen_and_what_cascades_each_exactly_once(
    plan: Plan,
    make_import: MakeImport,
    make_file: MakeFile,
    visible: frozenset[int],
    parents: dict[int, int | None],
    chosen: frozenset[ResourceRef],
) -> None:
    chosen = frozenset(key for key in chosen if key.kind is Kind.FILE or key.id in visible)
    files = [make_file(number, parent) for number, parent in parents.items()]
    made = plan(map(make_import, visible), files, *chosen)

    doomed = {key for key in chosen if key.kind is Kind.IMPORT}
    cascade = {f(number) for number, parent in parents.items() if parent and i(parent) in doomed}
    alone = {key for key in chosen if key.kind is Kind.FILE and key.id in parents} - cascade
    assert requests(made) == sorted(doomed) + sorted(alone)
    assert len(keys(made)) == len(set(keys(made))) == made.total
    assert set(keys(made)) == doomed | cascade | alone
    for step in made.steps:
        assert [t.key.id for t in step.cascade] == sorted(t.key.id for t in step.cascade)
        assert all(parents[t.key.id] == step.target.key.id for t in step.cascade)


# --- corrections


def test_nothing_is_corrected_when_nothing_has_changed(
    plan: Plan, make_import: MakeImport, make_file: MakeFile
) -> None:
    imports, files = [make_import(1)], [make_file(11, 1), make_file(12)]
    chosen = (i(1), f(12))
    assert (
        diff_plans(plan(imports, files, *chosen), plan(imports[::-1], files[::-1], *chosen)) == ()
    )


def test_every_difference_of_a_fresh_listing_is_told(
    plan: Plan, make_import: MakeImport, make_file: MakeFile
) -> None:
    chosen = (i(1), f(20), f(21), f(22))
    old = plan([make_import(1)], [make_file(11, 1), *map(make_file, (20, 21, 22))], *chosen)
    files = [make_file(12, 1), make_file(20, size=99), make_file(21, title="renamed")]
    new = plan([make_import(1)], files, *chosen)
    changes = diff_plans(old, new)
    told = {change.target.key: change.what for change in changes}
    assert len(told) == len(changes)
    assert set(told) == {f(11), f(12), f(20), f(21), f(22)}
    assert told[f(11)] == told[f(22)]
    assert told[f(11)] == "is no longer part of this deletion"
    assert (told[f(12)], told[f(20)], told[f(21)]) == ("is new", "has changed", "has changed")


# --- evidence and results

REFUSED_BY_BODY = Rejected("no", status=400)
FAILED_404 = ServerFailed("no", status=404)
NETWORK = Unreachable("no")
BROKEN_OFF = OutcomeUnknown("no")
SHAPE_S = SessionExpired("no", status=401)
SHAPE_A = AccessDenied("no", status=401)


@pytest.mark.parametrize(
    ("error", "evidence"),
    [
        (None, Evidence.ACCEPTED),
        (NETWORK, Evidence.UNSENT),
        (SHAPE_S, Evidence.UNSENT),
        (Busy("later", status=429), Evidence.UNSENT),
        (Busy("later", status=503), Evidence.IN_DOUBT),
        (SHAPE_A, Evidence.DENIED),
        (AccessDenied("no", status=403), Evidence.DENIED),
        (AccessDenied("no", status=404), Evidence.DENIED),
        (REFUSED_BY_BODY, Evidence.REFUSED),
        (Rejected("too large", status=413), Evidence.REFUSED),
        (Rejected("no", status=422), Evidence.REFUSED),
        (Rejected("no"), Evidence.REFUSED),
        (Rejected("no", status=409), Evidence.FAILED),
        (FAILED_404, Evidence.FAILED),
        (ServerFailed("no", status=500), Evidence.FAILED),
        (BROKEN_OFF, Evidence.IN_DOUBT),
        (UnusableAnswer("no", status=401), Evidence.IN_DOUBT),
        (ServerFailed("no", status=502), Evidence.IN_DOUBT),
        (ServerFailed("no", status=504), Evidence.IN_DOUBT),
        (ServerFailed("no", status=500, by_server=False), Evidence.IN_DOUBT),
        (SignInRefused("no", status=401), Evidence.FAILED),
        (ServiceError("no"), Evidence.FAILED),
    ],
    ids=str,
)
def test_an_answer_is_weighed_by_what_it_proves(
    error: ServiceError | None, evidence: Evidence
) -> None:
    assert evidence_of(error) is evidence


GONE, THERE, NOBODY_KNOWS = False, True, None


@pytest.mark.parametrize(
    ("answers", "listed", "verdict"),
    [
        # never tried
        ([], THERE, Verdict.NOT_SENT),
        ([], NOBODY_KNOWS, Verdict.NOT_SENT),
        ([], GONE, Verdict.ALREADY_GONE),
        # connect error, connect or pool time-out
        ([NETWORK] * 3, THERE, Verdict.NOT_SENT),
        ([NETWORK] * 3, NOBODY_KNOWS, Verdict.NOT_SENT),
        ([NETWORK] * 3, GONE, Verdict.ALREADY_GONE),
        # any 2xx
        ([None], GONE, Verdict.DELETED),
        ([None], THERE, Verdict.UNKNOWN),
        ([None], NOBODY_KNOWS, Verdict.UNKNOWN),
        ([NETWORK, None], GONE, Verdict.DELETED),
        # 401 shape S
        ([SHAPE_S], THERE, Verdict.NOT_SENT),
        ([SHAPE_S], NOBODY_KNOWS, Verdict.NOT_SENT),
        ([NETWORK, SHAPE_S], NOBODY_KNOWS, Verdict.NOT_SENT),
        # 401 shape A, documented 404 and 403
        ([SHAPE_A], GONE, Verdict.ALREADY_GONE),
        ([SHAPE_A], THERE, Verdict.KEPT),
        ([SHAPE_A], NOBODY_KNOWS, Verdict.UNKNOWN),
        # failed, as the server itself says; broken off, timed out after sending, a gateway's answer
        *(
            ([error], listed, verdict)
            for error, there in (
                (FAILED_404, Verdict.KEPT),
                (ServerFailed("no", status=500), Verdict.KEPT),
                (ServerFailed("no", status=502), Verdict.UNKNOWN),
                (BROKEN_OFF, Verdict.UNKNOWN),
            )
            for listed, verdict in (
                (GONE, Verdict.DELETED),
                (THERE, there),
                (NOBODY_KNOWS, Verdict.UNKNOWN),
            )
        ),
        # later evidence does not remove the doubt
        ([BROKEN_OFF, FAILED_404], THERE, Verdict.UNKNOWN),
        ([BROKEN_OFF, SHAPE_A], THERE, Verdict.UNKNOWN),
        ([BROKEN_OFF, REFUSED_BY_BODY], THERE, Verdict.UNKNOWN),
        ([BROKEN_OFF, NETWORK], THERE, Verdict.UNKNOWN),
        ([FAILED_404, BROKEN_OFF], THERE, Verdict.UNKNOWN),
        # it broke off, and the second try found nothing: the first had been carried out
        ([BROKEN_OFF, SHAPE_A], GONE, Verdict.DELETED),
        ([BROKEN_OFF, NETWORK], NOBODY_KNOWS, Verdict.UNKNOWN),
        ([BROKEN_OFF, SHAPE_S], NOBODY_KNOWS, Verdict.UNKNOWN),
        ([BROKEN_OFF, REFUSED_BY_BODY], NOBODY_KNOWS, Verdict.UNKNOWN),
        # 400
        ([REFUSED_BY_BODY], THERE, Verdict.KEPT),
        ([REFUSED_BY_BODY], NOBODY_KNOWS, Verdict.KEPT),
        ([REFUSED_BY_BODY], GONE, Verdict.ALREADY_GONE),
        # 429 and 503
        ([Busy("later", status=429)] * 3, THERE, Verdict.NOT_SENT),
        ([Busy("later", status=429), None], GONE, Verdict.DELETED),
        ([Busy("later", status=503)] * 3, THERE, Verdict.UNKNOWN),
        ([Busy("later", status=503)] * 3, NOBODY_KNOWS, Verdict.UNKNOWN),
    ],
    ids=str,
)
def test_evidence_and_listing_give_the_verdict(
    answers: list[ServiceError | None], listed: bool | None, verdict: Verdict
) -> None:
    assert decide(map(evidence_of, answers), listed) is verdict


TRIES = st.lists(st.sampled_from(Evidence), max_size=6)


@calm
@given(tries=TRIES)
def test_listed_or_unlisted_item_is_never_called_gone_without_a_listing(
    tries: list[Evidence],
) -> None:
    for listed in (THERE, NOBODY_KNOWS):
        assert decide(tries, listed) not in {Verdict.DELETED, Verdict.ALREADY_GONE}


@calm
@given(tries=TRIES)
def test_an_item_that_is_not_listed_is_never_called_kept_not_sent_or_unknown(
    tries: list[Evidence],
) -> None:
    assert decide(tries, GONE) in {Verdict.DELETED, Verdict.ALREADY_GONE}


@calm
@given(tries=TRIES)
def test_deleted_is_said_only_when_a_request_may_have_been_carried_out(
    tries: list[Evidence],
) -> None:
    touched = bool({Evidence.ACCEPTED, Evidence.FAILED, Evidence.IN_DOUBT} & set(tries))
    assert (decide(tries, GONE) is Verdict.DELETED) is touched


@calm
@given(tries=TRIES)
def test_file_missing_below_a_listed_import_was_deleted_by_another_client(
    tries: list[Evidence],
) -> None:
    assert decide(tries, GONE, import_listed=True) is Verdict.ALREADY_GONE
    for listed in (THERE, NOBODY_KNOWS):
        assert decide(tries, listed, import_listed=True) is decide(tries, listed)


@calm
@given(tries=TRIES)
def test_without_a_listing_only_what_the_server_never_carried_out_is_certain(
    tries: list[Evidence],
) -> None:
    verdict = decide(tries, NOBODY_KNOWS)
    if set(tries) <= {Evidence.UNSENT}:
        assert verdict is Verdict.NOT_SENT
    elif set(tries) <= {Evidence.UNSENT, Evidence.REFUSED}:
        assert verdict is Verdict.KEPT
    else:
        assert verdict is Verdict.UNKNOWN


@calm
@given(tries=TRIES, overdue=st.booleans())
def test_what_may_still_be_carried_out_is_unknown_until_it_cannot_be(
    tries: list[Evidence], overdue: bool
) -> None:
    verdict = decide(tries, THERE, overdue=overdue)
    if {Evidence.ACCEPTED, Evidence.IN_DOUBT} & set(tries):
        assert verdict is (Verdict.KEPT if overdue else Verdict.UNKNOWN)
    elif set(tries) <= {Evidence.UNSENT}:
        assert verdict is Verdict.NOT_SENT
    else:
        assert verdict is Verdict.KEPT
    assert decide(tries, NOBODY_KNOWS, overdue=overdue) is decide(tries, NOBODY_KNOWS)
    assert decide(tries, GONE, overdue=overdue) is decide(tries, GONE)


@pytest.mark.parametrize(
    ("evidence", "listed"), list(product(Evidence, (GONE, THERE, NOBODY_KNOWS))), ids=str
)
def test_only_what_failed_and_is_still_there_is_sent_again(
    evidence: Evidence, listed: bool | None
) -> None:
    failed = evidence in (Evidence.FAILED, Evidence.IN_DOUBT)
    assert worth_another_try(evidence, listed) is (failed and listed is True)


# --- the report


@pytest.fixture(scope="session")
def mixed(plan: Plan, make_import: MakeImport, make_file: MakeFile) -> DeletionPlan:
    """Import 1 with files 11 and 12, import 2 with none, and file 13."""
    files = [make_file(11, 1), make_file(12, 1), make_file(13)]
    return plan([make_import(1), make_import(2)], files, i(1), i(2), f(13))


def report(plan: DeletionPlan, *verdicts: Verdict) -> Report:
    pairs = zip(plan.targets, verdicts, strict=True)
    return Report(plan, tuple(Outcome(target, verdict) for target, verdict in pairs))


D, A, K, U, N = (
    *(Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.KEPT, Verdict.UNKNOWN, Verdict.NOT_SENT),
)


@pytest.mark.parametrize(
    ("verdicts", "left"),
    [
        ([D, D, D, D, D], []),
        ([A, A, A, D, A], []),
        ([K, K, K, D, D], [i(1)]),
        ([D, D, D, U, N], [i(2), f(13)]),
        ([D, D, D, D, K], [f(13)]),
        ([N, N, N, N, N], [i(1), i(2), f(13)]),
    ],
    ids=str,
)
def test_the_rest_is_a_plan_of_the_requests_whose_items_are_not_gone(
    mixed: DeletionPlan, verdicts: list[Verdict], left: list[ResourceRef]
) -> None:
    made = report(mixed, *verdicts)
    rest = made.rest()
    assert (requests(rest) if rest else []) == left
    assert made.all_gone is (not left)
    assert rest is None or (rest.account, rest.project) == (mixed.account, mixed.project)


@calm
@given(st.lists(st.sampled_from(Verdict), min_size=5, max_size=5))
def test_whatever_is_not_gone_is_in_the_rest(mixed: DeletionPlan, verdicts: list[Verdict]) -> None:
    made = report(mixed, *verdicts)
    rest = made.rest()
    left = {o.target.key for o in made.outcomes if o.verdict not in {D, A}}
    assert left <= (set(keys(rest)) if rest else set())


@calm
@given(st.lists(st.sampled_from(Verdict), min_size=5, max_size=5))
def test_the_counts_of_a_report_add_up(mixed: DeletionPlan, verdicts: list[Verdict]) -> None:
    made = report(mixed, *verdicts)
    assert sum(made.count(verdict) for verdict in Verdict) == mixed.total
    assert made.count(*Verdict) == mixed.total
    assert made.all_gone is (made.count(K, U, N) == 0)
