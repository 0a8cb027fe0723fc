"""Stored context of a project: fingerprints of the items in it, and rules to compare two.

Neptun stores the title, path and full content of every file with the project and does not touch
them when a file or an import is deleted (contract §9). The stored context names no IDs, so an item
is known by its fields: an import by source type, path and ref; a file by path, title and
content. Two contexts are compared as multisets of these fingerprints. What follows from that:

* Nothing deleted is in a context when each of its items has a counterpart that exists.
* Items that agree in everything cannot be told apart: of two equal files one of which was deleted,
  one in the context is the one that still exists.
* A renamed item counts as one that no longer exists under the name it is stored with.
* A user's own files and collections are in the context as well and are not looked at.

Only hashes are kept: a list of projects can carry 12 MB of contents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from neptun_tui.domain import safe_text
from neptun_tui.domain.plan import ResourceRef
from neptun_tui.domain.resources import File, Fingerprint, Import, Kind, Project, StoredContext


def import_fingerprint(source_type: str, source_path: str, source_ref: str | None) -> Fingerprint:
    """Return the fingerprint of an import; a ref that is null counts as an empty one."""
    name = _hash("import", source_type, source_path, source_ref or "")
    return Fingerprint(Kind.IMPORT, name, name)


def file_fingerprint(original_path: str, title: str, content: str) -> Fingerprint:
    """Return the fingerprint of a file."""
    name = _hash("name", original_path, title)
    return Fingerprint(Kind.FILE, name, _hash("file", original_path, title, content))


def _hash(*texts: str) -> bytes:
    hashed = blake2b(digest_size=16)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        hashed.update(len(data).to_bytes(8, "big"))
        hashed.update(data)
    return hashed.digest()


def of_items(
    imports: Iterable[Import], files: Iterable[File], only: Collection[ResourceRef] | None = None
) -> StoredContext:
    """Return the fingerprints of listed items. Hashes every content: call it on a thread.

    Args:
        imports: as listed.
        files: as listed.
        only: the keys to look at; None means all.
    """
    wanted = None if only is None else set(only)
    found = [
        import_fingerprint(item.source_type, item.source_path, item.source_ref)
        for item in imports
        if wanted is None or ResourceRef(Kind.IMPORT, item.id) in wanted
    ]
    found += [
        file_fingerprint(file.original_path, file.title, file.content)
        for file in files
        if wanted is None or ResourceRef(Kind.FILE, file.id) in wanted
    ]
    return StoredContext(tuple(found))


@dataclass(frozen=True, slots=True)
class Difference:
    """Differences between a stored context and the existing items.

    Attributes:
        gone: items in it that no longer exist, by kind.
        changed: files in it that exist with another content.
        missing: items that exist and are not in it.
    """

    gone: Counter[Kind]
    changed: int = 0
    missing: int = 0

    @property
    def sentence(self) -> str:
        """Return what is wrong with the stored context; empty when it holds nothing old."""
        if total := self.gone.total():
            verb = "exists" if total == 1 else "exist"
            items = f"{safe_text.count(total, 'item')} that no longer {verb}"
            return f"stored context is out of date: it holds {items}"
        if self.changed:
            files = safe_text.count(self.changed, "file")
            return f"stored context is out of date: it holds old contents of {files}"
        return ""


def compare(stored: StoredContext, existing: StoredContext) -> Difference:
    """Compare a stored context with what exists.

    Args:
        stored: the context as the project carries it.
        existing: a context made just now, or :func:`of_items` of a listing. A listing has no files
            of other projects that stand below an import of this one, and the context has them.
    """
    unmatched = list(stored.items)
    left = Counter(item.whole for item in existing.items)
    unmatched = [item for item in unmatched if not _take(left, item.whole)]
    names = Counter(item.name for item in existing.items if _take(left, item.whole))
    gone: Counter[Kind] = Counter()
    changed = 0
    for item in unmatched:
        if _take(names, item.name):
            changed += 1
        else:
            gone[item.kind] += 1
    return Difference(gone, changed, names.total())


def held(stored: StoredContext, existing: StoredContext, deleted: StoredContext) -> Counter[Kind]:
    """Count the deleted items that a stored context still holds, by kind.

    Args:
        stored: the context as the project carries it.
        existing: what exists.
        deleted: what was deleted. An equal item that exists covers one in the context.
    """
    left = Counter(item.whole for item in existing.items)
    suspects = Counter(item.whole for item in deleted.items)
    found: Counter[Kind] = Counter()
    for item in stored.items:
        if not _take(left, item.whole) and _take(suspects, item.whole):
            found[item.kind] += 1
    return found


def _take(counts: Counter[bytes], key: bytes) -> bool:
    """Use up one of a key; whether there was one."""
    if counts[key] <= 0:
        return False
    counts[key] -= 1
    return True


class ContextState(StrEnum):
    """State of a stored context after items of its project were deleted."""

    RENEWED = "renewed"
    """Renewed, and nothing deleted is in it."""
    CLEAN = "clean"
    """Not known to be renewed, but nothing deleted is in it."""
    HOLDS = "holds"
    """It still holds deleted items."""
    UNKNOWN = "unknown"
    """Whether it holds deleted items could not be found out."""
    LEFT = "left"
    """Left as it is because that was asked for."""
    ABSENT = "absent"
    """There is none: the project is gone, or the server sends none."""


@dataclass(frozen=True, slots=True)
class ContextResult:
    """Result of renewing one stored context.

    Attributes:
        held: deleted items that are still in it, by kind.
        reason: why it is not known to be renewed, in words; empty when it is.
        unreachable: whether the server could not be reached, and nothing was sent.
        project: the project that was fetched to verify it, with its stored context.
    """

    state: ContextState
    held: tuple[tuple[Kind, int], ...] = ()
    reason: str = ""
    unreachable: bool = field(default=False, compare=False)
    project: Project | None = field(default=None, compare=False, repr=False)

    @property
    def nothing_left(self) -> bool:
        """Tell whether it holds nothing that was deleted."""
        return self.state in (ContextState.RENEWED, ContextState.CLEAN, ContextState.ABSENT)

    @property
    def failed(self) -> bool:
        """Tell whether deleted contents remain, or may remain, that should be gone."""
        return self.state in (ContextState.HOLDS, ContextState.UNKNOWN)

    @property
    def sentence(self) -> str:
        """Return it in words, without a full stop."""
        why = f": {self.reason.rstrip('.')}" if self.reason else ""
        match self.state:
            case ContextState.RENEWED:
                return "stored context renewed"
            case ContextState.CLEAN:
                return "nothing deleted is in the stored context"
            case ContextState.HOLDS:
                return f"the stored context still holds {_deleted(self.held)}{why}"
            case ContextState.LEFT:
                return "the stored context was left as it is; it may hold what was deleted"
            case ContextState.ABSENT:
                return f"no stored context{why}"
            case ContextState.UNKNOWN:
                return f"the stored context may still hold what was deleted{why}"


def _deleted(held: Iterable[tuple[Kind, int]]) -> str:
    parts = [safe_text.count(n, f"deleted {kind.value}") for kind, n in held if n]
    return " and ".join(parts) or "what was deleted"
