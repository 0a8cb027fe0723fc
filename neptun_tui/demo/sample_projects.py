"""Projects and imports of the sample accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from neptun_tui.demo import hostile_names, sample_files
from neptun_tui.demo.sample_files import Contents

DEMO_EMAIL: Final = "demo@example.com"
"""E-mail of the account that owns the sample projects; its user id is 1."""
DEMO_PASSWORD: Final = "Demo!Passw0rd"  # noqa: S105 - public on purpose
"""Password of the demo account."""
OTHER_EMAIL: Final = "other@example.com"
"""E-mail of a second account, so that there are ids of another user."""
OTHER_PASSWORD: Final = "Other!Passw0rd"  # noqa: S105 - public on purpose
"""Password of the second account."""

SHARED_ID: Final = 102
"""Id of both an import and a file of one project: the two have separate sequences."""
GITHUB_ACCOUNT: Final = "demo-org"
"""GitHub account with an installation of the app for the demo account."""
CONNECTED: Final = (1, 2, 5)
"""Projects linked to its installation. Project 8 has a GitHub import and no link."""
_LOCAL, _GITHUB, _PUBLIC = (
    *("local_folder", "github_repository_installation", "public_github_repository_url"),
)


@dataclass(frozen=True, slots=True)
class SampleImport:
    """Import of a sample project."""

    id: int
    source_type: str
    source_path: str
    days: float
    """Age in days."""
    contents: Callable[[], Contents] | None = None
    source_ref: str | None = None
    import_status: str = "completed"
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class SampleProject:
    """Sample project."""

    id: int
    name: str
    description: str | None
    type: str
    main_language: str
    days: float
    imports: Sequence[SampleImport]
    owner: str = DEMO_EMAIL


def _strange_files() -> Contents:
    for number, title in enumerate(hostile_names.TITLES):
        yield title, hostile_names.CONTENTS[number % len(hostile_names.CONTENTS)]
    yield "bundle.min.json", hostile_names.ONE_LINE


def _private_notes() -> Contents:
    yield "diary.md", "# Not for others\n"
    yield "todo.txt", "water the plants\n"


SAMPLES: Final = (
    SampleProject(
        *(1, "Storefront", "Customer-facing shop", "web-app", "typescript", 430),
        (
            SampleImport(101, _LOCAL, "/home/demo/storefront", 412, sample_files.storefront_folder),
            SampleImport(
                *(
                    SHARED_ID,
                    _GITHUB,
                    "demo-org/storefront-ui",
                    96,
                    sample_files.storefront_components,
                ),
                source_ref="main",
            ),
            SampleImport(
                *(103, _PUBLIC, "https://github.com/nuxt/ui", 5),
                source_ref="v3",
                import_status="pending",
            ),
            SampleImport(
                *(110, _PUBLIC, "https://github.com/demo-org/legacy-shop", 61),
                import_status="failed",
                error_message="404: repository not found\nretry later",
            ),
        ),
    ),
    SampleProject(
        *(2, "Billing API", "Invoices and payments", "web-service", "python", 300),
        (
            SampleImport(
                105, _LOCAL, "/home/demo/src/billing-api", 290, sample_files.billing_folder
            ),
            SampleImport(
                *(112, _GITHUB, "demo-org/billing-api", 33, sample_files.billing_repository),
                source_ref="develop",
            ),
            SampleImport(117, _LOCAL, "/", 0.4, import_status="queued behind 3 others ☕"),
        ),
    ),
    SampleProject(
        *(3, "Landing page", None, "web-site", "javascript", 120),
        (
            SampleImport(
                *(108, _PUBLIC, "https://github.com/demo-org/landing", 119),
                sample_files.landing_repository,
                source_ref="main",
            ),
        ),
    ),
    SampleProject(
        *(4, "Private notes", "Belongs to another user", "web-site", "ruby", 200),
        (SampleImport(107, _LOCAL, "/home/other/notes", 199, _private_notes),),
        owner=OTHER_EMAIL,
    ),
    SampleProject(
        *(5, "Cluster", "What runs where, and how it got there", "web-service", "go", 75),
        (
            SampleImport(
                *(114, _GITHUB, "demo-org/platform-infra", 74, sample_files.cluster_repository),
                source_ref="main",
            ),
            SampleImport(
                *(119, _GITHUB, "demo-org/platform-infra", 0.02),
                source_ref="node-pools",
                import_status="processing",
            ),
        ),
    ),
    SampleProject(
        *(
            8,
            hostile_names.PROJECT_NAME,
            hostile_names.PROJECT_DESCRIPTION,
            "web-app",
            "elixir",
            40,
        ),
        (
            SampleImport(120, _LOCAL, hostile_names.IMPORT_PATHS[0], 39, _strange_files),
            SampleImport(
                121, _LOCAL, hostile_names.IMPORT_PATHS[1], 38, import_status=hostile_names.ZALGO
            ),
            SampleImport(
                *(122, _GITHUB, hostile_names.IMPORT_PATHS[2], 37),
                import_status="failed",
                error_message=hostile_names.TITLES[0] * 3,
            ),
        ),
    ),
)
"""All projects, including that of the other account."""
