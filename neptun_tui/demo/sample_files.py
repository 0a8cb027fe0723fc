"""Files of the sample projects: a shop, its billing, its web site, its cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from random import Random
from typing import Final

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
    """Yield the shop, imported from a local folder."""
    yield "README.md", filled("readme", **_SHOP)
    yield "package.json", filled("package_json", **_SHOP)
    yield "pnpm-lock.yaml", lockfile("storefront", 420)
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
    yield "CHANGELOG.md", changelog("storefront", 60)
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
        yield f"i18n/locales/{language}.json", locale(language)
    for name in ("useCart", "useCheckout", "usePrice", "useSearch", "useSession"):
        yield f"app/composables/{name}.ts", typescript_module(name, 2)
    for name in ("cart", "session", "wishlist"):
        yield f"app/stores/{name}.ts", typescript_module(f"store {name}", 4)
    for name in ("orders", "products", "vouchers"):
        yield f"server/api/{name}.get.ts", typescript_module(f"api {name}", 1)
    yield from _decisions("docs/decisions", 3)
    yield (
        "docs/brand-guidelines.pdf",
        "Brand guidelines, 2nd edition. Colours: North Sea, Oak, Chalk.",
    )


def storefront_components() -> Contents:
    """Yield the shop's components, imported through the GitHub installation."""
    yield "README.md", filled("readme", **{**_SHOP, "name": "storefront-ui", "title": "UI kit"})
    yield "package.json", filled("package_json", **{**_SHOP, "name": "storefront-ui"})
    yield "CHANGELOG.md", changelog("storefront-ui", 200)
    for name in _COMPONENTS:
        yield f"components/{name}.vue", vue_component(name)
    for name in _COMPONENTS[:19]:
        yield f"tests/{name}.spec.ts", component_spec(name)
    for page in _PAGES:
        yield f"pages/{page}.vue", vue_component(page.replace("/", "-"))
    yield "vitest.config.ts", "export default { test: { environment: 'happy-dom' } }\n"


def billing_folder() -> Contents:
    """Yield the billing service, imported from a local folder."""
    yield "README.md", filled("readme", **_BILLING)
    yield "pyproject.toml", filled("pyproject", **_BILLING)
    yield "requirements.txt", filled("requirements")
    yield ".python-version", "3.12\n"
    yield "Dockerfile", filled("dockerfile_python", **_BILLING)
    yield "docker-compose.yml", filled("compose", **_BILLING)
    yield ".env.example", filled("env_example", **_BILLING)
    yield "Makefile", filled("makefile", **_BILLING)
    yield "db/schema.sql", filled("schema_sql", **_BILLING)
    yield "db/seed.sql", seed_sql(1_000)
    yield ".github/workflows/ci.yml", filled("workflow_ci", **_BILLING)
    yield "CHANGELOG.md", changelog("billing-api", 34)
    for name in ("invoices", "payments", "customers", "webhooks", "exports", "credit_notes"):
        yield f"billing/routers/{name}.py", python_module(name, 4)
    yield "billing/__init__.py", ""
    yield from _decisions("docs/decisions", 4)


def billing_repository() -> Contents:
    """Yield the develop branch of the billing service."""
    yield "README.md", filled("readme", **{**_BILLING, "version": "2.5.0-dev"})
    yield "pyproject.toml", filled("pyproject", **{**_BILLING, "version": "2.5.0.dev0"})
    yield "pytest.ini", "[pytest]\naddopts = -ra --strict-markers\n"
    yield "docs/openapi.yaml", openapi("Billing", ("invoices", "payments", "customers"))
    for name in ("invoices", "payments", "dunning", "mandates", "ledger", "tax_rates", "fx"):
        yield f"billing/services/{name}.py", python_module(f"{name}_service", 3)
        yield f"tests/test_{name}.py", python_test(name)


def landing_repository() -> Contents:
    """Yield the public web site."""
    yield "README.md", filled("readme", **_LANDING)
    yield "package.json", filled("package_json", **_LANDING)
    yield "vite.config.js", filled("vite_config", **_LANDING)
    yield "Dockerfile", filled("dockerfile_node", **_LANDING)
    yield "nginx.conf", filled("nginx", **_LANDING)
    yield "LICENSE", "Copyright Harbour & Finch GmbH. All rights reserved.\n"
    for page, title in {"index": "Good things", "pricing": "Pricing", "imprint": "Imprint"}.items():
        yield f"src/{page}.html", filled("index_html", **{**_LANDING, "title": title})
    for name in ("main", "newsletter", "gallery", "consent"):
        yield f"src/{name}.js", typescript_module(f"landing {name}", 1)
    yield "src/css/site.css", ":root { --sea: #1d4e6b }\nbody { margin: 0 auto; max-width: 70ch }\n"


def cluster_repository() -> Contents:
    """Yield the infrastructure: cluster, deployments and pipelines."""
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


_VERBS: Final = ("Add", "Fix", "Drop", "Speed up", "Document", "Rename", "Test", "Harden", "Bump")
_THINGS: Final = (
    *("the cart badge", "retries in checkout", "VAT rounding", "the search index", "dark mode"),
    *("webhook signatures", "the invoice PDF", "stale price caches", "keyboard focus in dialogs"),
    *("the health check", "the nightly export", "SEPA mandates", "image sizes", "log redaction"),
    *("pagination of orders", "the currency switcher", "the staging seed", "type errors"),
)
_PACKAGES: Final = (
    *("acorn", "ansi-styles", "chokidar", "citty", "consola", "cookie-es", "debug", "defu"),
    *("destr", "esbuild", "estree-walker", "h3", "hookable", "iron-webcrypto", "jiti", "klona"),
    *("magic-string", "mlly", "nanoid", "nitropack", "ofetch", "pathe", "perfect-debounce"),
    *("picocolors", "postcss", "radix3", "rollup", "scule", "semver", "sirv", "ufo", "unctx"),
    *("unimport", "unplugin", "unstorage", "untyped", "vite", "vue-router", "ws", "yaml"),
)
_PRODUCTS: Final = ("Anchor mug", "Canvas tote", "Field notebook", "Linen apron", "Oak tray")


@cache
def _template(name: str) -> str:
    source = files(__package__).joinpath("samples", f"{name}.txt")
    return source.read_text(encoding="utf-8")


def filled(template: str, /, **values: object) -> str:
    """Return a template of `samples/` with its `@@placeholders@@` filled in."""
    text = _template(template)
    for placeholder, value in values.items():
        text = text.replace(f"@@{placeholder}@@", str(value))
    return text


def vue_component(name: str) -> str:
    """Return a single-file component, with props and events that depend on its name."""
    random = Random(name)  # noqa: S311 - repeatable sample data, not a secret
    props = random.sample(("label", "price", "product", "items", "open", "busy", "currency"), 3)
    types = [f"  {prop}: {random.choice(('string', 'number', 'boolean'))}" for prop in props]
    watchers = [
        f"watch(() => props.{prop}, value => log.debug('{name}.{prop}', value))\n"
        for prop in props[: random.randint(0, 3)]
    ]
    return filled(
        "component_vue",
        name=name,
        props="\n".join(types),
        event=random.choice(("close", "select", "submit", "remove")),
        watchers="".join(watchers) + "\n" * bool(watchers),
        first=props[0],
        second=props[1],
        gap=random.randint(2, 8) * 2,
        **{"class": _dashed(name)},
    )


def typescript_module(name: str, count: int) -> str:
    """Return a composable, store or server route with some functions."""
    random = Random(name)  # noqa: S311
    things = ("Order", "Cart", "Price", "Session", "Parcel", "Voucher", "Refund", "Review")
    functions = [
        filled(
            "function_ts",
            thing=thing,
            path=f"{thing.lower()}s",
            verb=random.choice(("load", "check", "refresh")),
            retries=random.randint(0, 3),
            seconds=random.randint(2, 20),
        )
        for thing in random.sample(things, count)
    ]
    return "\n".join(["import { z } from 'zod'\n", *functions])


def component_spec(name: str) -> str:
    """Return the unit test of a component."""
    random = Random(name)  # noqa: S311
    label, is_open = random.choice(_PRODUCTS), random.choice(("true", "false"))
    return filled("spec_ts", name=name, label=label, open=is_open)


def python_module(name: str, count: int) -> str:
    """Return a FastAPI router or a service with some functions."""
    random = Random(name)  # noqa: S311
    things = ("invoice", "payment", "customer", "mandate", "credit_note", "refund")
    functions = [
        filled("function_py", thing=thing, limit=random.choice((50, 100, 250)))
        for thing in random.sample(things, count)
    ]
    title, path = name.replace("_", " ").capitalize(), name.replace("_", "-")
    return "\n".join([filled("module_py", title=title, path=path), *functions])


def python_test(name: str) -> str:
    """Return the unit tests of a service."""
    random = Random(name)  # noqa: S311
    amount, customer = random.randint(100, 99_999) / 100, random.randint(2, 900)
    return filled("test_py", name=name, amount=amount, customer=customer, limit=customer % 9 + 1)


def changelog(name: str, releases: int) -> str:
    """Return a long change log."""
    random = Random(name)  # noqa: S311
    parts = [f"# Changes in {name}\n"]
    for number in range(releases, 0, -1):
        entries = [
            f"* {random.choice(_VERBS)} {random.choice(_THINGS)} (#{random.randint(10, 1800)})"
            for _ in range(random.randint(2, 9))
        ]
        parts.append(f"## {number // 12 + 1}.{number % 12}.0\n\n" + "\n".join(entries) + "\n")
    return "\n".join(parts)


def lockfile(seed: str, packages: int) -> str:
    """Return a pnpm lock file."""
    random = Random(seed)  # noqa: S311
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv0123"
    lines = ["lockfileVersion: '9.0'\n", "settings:\n  autoInstallPeers: true\n", "packages:\n"]
    for index in range(packages):
        name = _PACKAGES[index % len(_PACKAGES)]
        version = f"{random.randint(0, 9)}.{random.randint(0, 30)}.{index // len(_PACKAGES)}"
        digest = "".join(random.choices(letters, k=86))
        lines.append(f"  {name}@{version}:\n    resolution: {{integrity: sha512-{digest}==}}\n")
    return "\n".join(lines)


def openapi(title: str, resources: tuple[str, ...]) -> str:
    """Return an OpenAPI description in YAML."""
    head = f"openapi: 3.1.0\ninfo: {{title: {title}, version: '2.4'}}\npaths:\n"
    paths = "".join(filled("openapi_path", name=name) for name in resources)
    missing = "    NotFound: {description: it does not exist}\n"
    return f"{head}{paths}components:\n  responses:\n{missing}"


def seed_sql(rows: int) -> str:
    """Return rows for a test database."""
    random = Random(rows)  # noqa: S311
    lines = ["BEGIN;", "INSERT INTO invoice_line (invoice_id, position, description, quantity,"]
    lines.append("                          unit_price) VALUES")
    for index in range(rows):
        product, price = random.choice(_PRODUCTS), random.randint(300, 9900) / 100
        quantity, end = random.randint(1, 12), ";" if index == rows - 1 else ","
        lines.append(
            f"  ({index // 3 + 1}, {index % 3 + 1}, '{product}', {quantity}, {price}){end}"
        )
    return "\n".join([*lines, "COMMIT;", ""])


def locale(language: str) -> str:
    """Return the texts of the shop in one language."""
    words = {
        "en": ("Cart", "Checkout", "Your order is on its way", "Nothing found", "Sign in"),
        "de": (
            "Warenkorb",
            "Zur Kasse",
            "Ihre Bestellung ist unterwegs",
            "Nichts gefunden",
            "Anmelden",
        ),
        "ja": (
            "カート",
            "ご購入手続き",
            "ご注文の商品を発送しました",
            "見つかりません",
            "ログイン",
        ),
    }[language]
    keys = ("cart.title", "cart.checkout", "order.shipped", "search.empty", "account.signIn")
    return json.dumps(dict(zip(keys, words, strict=True)), ensure_ascii=False, indent=2) + "\n"


def _dashed(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")
