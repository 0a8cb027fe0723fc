"""The ordinary projects of the demo user: a shop, its billing, its web site, its cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from neptun_tui.demo import texts
from neptun_tui.demo.texts import filled

Contents = Iterator[tuple[str, str]]
"""Paths and contents of an import's files."""

_SHOP: Final = {
    "name": "storefront",
    "title": "Storefront",
    "summary": "The shop our customers see.",
    "version": "4.12.0",
    "port": 3000,
    "database": "storefront",
    "host": "shop.demo-org.example",
    "source": "app",
    "team": "shop",
    "node": 22,
    "tool": "node",
    "versions": "[20, 22]",
    "cache": "pnpm",
    "setup": "pnpm install",
    "dev": "pnpm dev",
    "lint": "pnpm lint && pnpm typecheck",
    "test": "pnpm test",
}
_BILLING: Final = {
    "name": "billing-api",
    "title": "Billing API",
    "summary": "Invoices and payments.",
    "version": "2.4.1",
    "port": 8000,
    "database": "billing",
    "host": "billing.demo-org.example",
    "source": "billing",
    "package": "billing",
    "team": "money",
    "python": "3.12",
    "revision": "7f3a9c21",
    "tool": "python",
    "versions": '["3.11", "3.12"]',
    "cache": "pip",
    "setup": "pip install -e '.[dev]' && alembic upgrade head",
    "dev": "uvicorn billing.main:app --reload",
    "lint": "ruff check . && mypy .",
    "test": "pytest -q",
}
_LANDING: Final = {
    **_SHOP,
    "name": "landing",
    "title": "Good things, sent slowly",
    "summary": "Everyday objects from small workshops around the North Sea.",
    "port": 5173,
    "host": "www.demo-org.example",
    "source": "src",
    "team": "brand",
}
_COMPONENTS: Final = (
    *("AddressForm", "AppFooter", "AppHeader", "BaseDialog", "BreadcrumbTrail", "CartBadge"),
    *("CartDrawer", "CheckoutSteps", "CookieNotice", "CurrencySwitch", "EmptyState", "FilterPanel"),
    *("ImageGallery", "LanguageSwitch", "OrderSummary", "PaginationBar", "PaymentMethod"),
    *("PriceTag", "ProductCard", "ProductGrid", "QuantityStepper", "RatingStars", "ReviewList"),
    *("SearchField", "SizeGuide", "StockHint", "ToastStack", "VoucherField", "WishlistButton"),
)
_PAGES: Final = ("index", "cart", "checkout", "search", "products/[slug]", "account/orders")
_DECISIONS: Final = (
    ("Money is integers", "Rounding differed between cart and invoice.", "Cents, everywhere."),
    ("One database per service", "Two services migrated one table.", "Services own their data."),
    ("Server-side rendering", "Search engines saw empty pages.", "Nuxt renders on the server."),
    ("No soft deletes", "Nobody knew which rows counted.", "What is deleted is gone."),
)


def storefront_folder() -> Contents:
    """The shop, imported from somebody's machine."""
    yield "README.md", filled("readme", **_SHOP)
    yield "package.json", filled("package_json", **_SHOP)
    yield "pnpm-lock.yaml", texts.lockfile("storefront", 420)
    yield "nuxt.config.ts", filled("nuxt_config", **_SHOP)
    yield "tsconfig.json", filled("tsconfig")
    yield "Dockerfile", filled("dockerfile_node", **_SHOP)
    yield "docker-compose.yml", filled("compose", **_SHOP)
    yield ".env.example", filled("env_example", **_SHOP)
    yield ".dockerignore", ".git\n.nuxt\n.output\nnode_modules\ncoverage\n*.log\n"
    yield ".nvmrc", "22\n"
    yield "Makefile", filled("makefile", **_SHOP)
    yield "eslint.config.mjs", filled("eslint")
    yield "playwright.config.ts", filled("playwright", **_SHOP)
    yield "renovate.json", filled("renovate")
    yield "CHANGELOG.md", texts.changelog("storefront", 60)
    yield ".github/workflows/ci.yml", filled("workflow_ci", **_SHOP)
    yield ".github/workflows/release.yml", filled("workflow_release", **_SHOP)
    yield "deploy/nginx.conf", filled("nginx", **_SHOP)
    yield (
        "deploy/compose notes.md",
        filled("compose_notes"),
    )
    yield "public/robots.txt", "User-agent: *\nDisallow: /account/\n"
    yield "public/.gitkeep", ""
    for language in ("en", "de", "ja"):
        yield f"i18n/locales/{language}.json", texts.locale(language)
    for name in ("useCart", "useCheckout", "usePrice", "useSearch", "useSession"):
        yield f"app/composables/{name}.ts", texts.typescript_module(name, 2)
    for name in ("cart", "session", "wishlist"):
        yield f"app/stores/{name}.ts", texts.typescript_module(f"store {name}", 4)
    for name in ("orders", "products", "vouchers"):
        yield f"server/api/{name}.get.ts", texts.typescript_module(f"api {name}", 1)
    yield from _decisions("docs/decisions", 3)
    yield (
        "docs/brand-guidelines.pdf",
        "Brand guidelines, 2nd edition. Colours: North Sea, Oak, Chalk.",
    )


def storefront_components() -> Contents:
    """The shop's components, imported through the GitHub installation."""
    yield "README.md", filled("readme", **{**_SHOP, "name": "storefront-ui", "title": "UI kit"})
    yield "package.json", filled("package_json", **{**_SHOP, "name": "storefront-ui"})
    yield "CHANGELOG.md", texts.changelog("storefront-ui", 200)
    for name in _COMPONENTS:
        yield f"components/{name}.vue", texts.vue_component(name)
    for name in _COMPONENTS[:19]:
        yield f"tests/{name}.spec.ts", texts.component_spec(name)
    for page in _PAGES:
        yield f"pages/{page}.vue", texts.vue_component(page.replace("/", "-"))
    yield "vitest.config.ts", "export default { test: { environment: 'happy-dom' } }\n"


def billing_folder() -> Contents:
    """The billing service, imported from somebody's machine."""
    yield "README.md", filled("readme", **_BILLING)
    yield "pyproject.toml", filled("pyproject", **_BILLING)
    yield "requirements.txt", filled("requirements")
    yield ".python-version", "3.12\n"
    yield "Dockerfile", filled("dockerfile_python", **_BILLING)
    yield "docker-compose.yml", filled("compose", **_BILLING)
    yield ".env.example", filled("env_example", **_BILLING)
    yield "Makefile", filled("makefile", **_BILLING)
    yield "db/schema.sql", filled("schema_sql", **_BILLING)
    yield "db/seed.sql", texts.seed_sql(1_000)
    yield ".github/workflows/ci.yml", filled("workflow_ci", **_BILLING)
    yield "CHANGELOG.md", texts.changelog("billing-api", 34)
    for name in ("invoices", "payments", "customers", "webhooks", "exports", "credit_notes"):
        yield f"billing/routers/{name}.py", texts.python_module(name, 4)
    yield "billing/__init__.py", ""
    yield from _decisions("docs/decisions", 4)


def billing_repository() -> Contents:
    """The develop branch of the billing service."""
    yield "README.md", filled("readme", **{**_BILLING, "version": "2.5.0-dev"})
    yield "pyproject.toml", filled("pyproject", **{**_BILLING, "version": "2.5.0.dev0"})
    yield "pytest.ini", "[pytest]\naddopts = -ra --strict-markers\n"
    yield "docs/openapi.yaml", texts.openapi("Billing", ("invoices", "payments", "customers"))
    for name in ("invoices", "payments", "dunning", "mandates", "ledger", "tax_rates", "fx"):
        yield f"billing/services/{name}.py", texts.python_module(f"{name}_service", 3)
        yield f"tests/test_{name}.py", texts.python_test(name)


def landing_repository() -> Contents:
    """The public web site."""
    yield "README.md", filled("readme", **_LANDING)
    yield "package.json", filled("package_json", **_LANDING)
    yield "vite.config.js", filled("vite_config", **_LANDING)
    yield "Dockerfile", filled("dockerfile_node", **_LANDING)
    yield "nginx.conf", filled("nginx", **_LANDING)
    yield "LICENSE", "Copyright Harbour & Finch GmbH. All rights reserved.\n"
    for page, title in {"index": "Good things", "pricing": "Pricing", "imprint": "Imprint"}.items():
        yield f"src/{page}.html", filled("index_html", **{**_LANDING, "title": title})
    for name in ("main", "newsletter", "gallery", "consent"):
        yield f"src/{name}.js", texts.typescript_module(f"landing {name}", 1)
    yield "src/css/site.css", ":root { --sea: #1d4e6b }\nbody { margin: 0 auto; max-width: 70ch }\n"


def cluster_repository() -> Contents:
    """What runs where, and how it got there."""
    yield (
        "README.md",
        filled("readme", **{**_BILLING, "name": "platform-infra", "title": "Platform"}),
    )
    yield "Makefile", "plan apply:\n\tterraform -chdir=terraform/$(STAGE) $@\n"
    for number, stage in enumerate(("staging", "production"), start=1):
        values = {"stage": stage, "replicas": 2 * number, "net": 40 + number, "title": "Cluster"}
        yield f"terraform/{stage}/main.tf", filled("terraform", **{**_BILLING, **values})
        for service in (_SHOP, _BILLING, _LANDING):
            named = {**service, **values}
            yield f"helm/{service['name']}/values.{stage}.yaml", filled("helm_values", **named)
            yield f"k8s/{stage}/{service['name']}.yaml", filled("k8s", **named)
    for service in (_SHOP, _BILLING, _LANDING):
        yield f"helm/{service['name']}/Chart.yaml", filled("helm_chart", **service)
    for name in ("restore-the-database", "rotate-secrets", "node-is-not-ready", "certificates"):
        title = name.replace("-", " ").capitalize()
        yield f"runbooks/{name}.md", filled("runbook", title=title)


def _decisions(folder: str, count: int) -> Contents:
    for number, (title, context, decision) in enumerate(_DECISIONS[:count], start=1):
        slug = title.lower().replace(" ", "-")
        text = filled(
            "decision",
            number=number,
            title=title,
            context=context,
            decision=decision,
            date=f"2025-0{number + 1}-1{number}",
            status="accepted",
            watch="whether anybody works around it",
        )
        yield f"{folder}/{number:04d}-{slug}.md", text
