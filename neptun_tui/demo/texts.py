"""Believable file contents for the sample data: templates, and generators for the longer ones."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from random import Random
from typing import Final

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
    """A template of `samples/` with its `@@placeholders@@` filled in."""
    text = _template(template)
    for placeholder, value in values.items():
        text = text.replace(f"@@{placeholder}@@", str(value))
    return text


def vue_component(name: str) -> str:
    """A single-file component; which props and events it has depends on its name."""
    random = Random(name)  # noqa: S311 - chance that must repeat, nothing to guess
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
    """A composable, store or server route with some functions."""
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
    """The unit test of a component."""
    random = Random(name)  # noqa: S311
    label, is_open = random.choice(_PRODUCTS), random.choice(("true", "false"))
    return filled("spec_ts", name=name, label=label, open=is_open)


def python_module(name: str, count: int) -> str:
    """A FastAPI router or a service with some functions."""
    random = Random(name)  # noqa: S311
    things = ("invoice", "payment", "customer", "mandate", "credit_note", "refund")
    functions = [
        filled("function_py", thing=thing, limit=random.choice((50, 100, 250)))
        for thing in random.sample(things, count)
    ]
    title, path = name.replace("_", " ").capitalize(), name.replace("_", "-")
    return "\n".join([filled("module_py", title=title, path=path), *functions])


def python_test(name: str) -> str:
    """The unit tests of a service."""
    random = Random(name)  # noqa: S311
    amount, customer = random.randint(100, 99_999) / 100, random.randint(2, 900)
    return filled("test_py", name=name, amount=amount, customer=customer, limit=customer % 9 + 1)


def changelog(name: str, releases: int) -> str:
    """A change log that grew over the years."""
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
    """A pnpm lock file."""
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
    """An OpenAPI description in YAML."""
    head = f"openapi: 3.1.0\ninfo: {{title: {title}, version: '2.4'}}\npaths:\n"
    paths = "".join(filled("openapi_path", name=name) for name in resources)
    missing = "    NotFound: {description: there is no such thing}\n"
    return f"{head}{paths}components:\n  responses:\n{missing}"


def seed_sql(rows: int) -> str:
    """Rows for a test database."""
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
    """The texts of the shop in one language."""
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
