"""Certificates and evidence packs as HTML: no script, nothing loaded from elsewhere, readable on paper (A4).

Decides: how a value is shown; the templates beside this file say how a page looks. Refuses to trust a single value: names, keys
and messages come from whoever wrote them, so everything is escaped, control characters and those that turn a line's direction are
shown as numbers, and the page's own Content-Security-Policy forbids scripts and any request.
Source: jinja2 documentation, "Autoescaping", read 2026-11-24.
"""

import datetime as dt
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from itemtrail.core.certificate import Certificate, Lacking
from itemtrail.core.plan import sha256
from itemtrail.core.visible import visible

_FILES = ("certificate.html", "certificates_table.html", "evidence.html", "evidence_style.css")


def certificates(made: Sequence[Certificate | Lacking]) -> str:
    """A page a certificate, each on a sheet of its own, with a summary before them where there are several."""
    days = sorted({one.unit.day for one in made})
    span = str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"
    lacking = sum(isinstance(one, Lacking) for one in made)
    reserved = sum(isinstance(one, Certificate) and not one.unreserved for one in made)
    return render(
        "certificate.html",
        title=f"Completeness, {span}",
        made=made,
        lacking=lacking,
        reserved=reserved,
        whole=len(made) - lacking - reserved,
    )


def render(name: str, **values: Any) -> str:
    """One of the templates."""
    return _environment().get_template(name).render(**values, summary=_summary, digest=lambda one: sha256(one.to_json()))


def _summary(made: Sequence[Certificate | Lacking]) -> Markup:
    return Markup(_environment().get_template("certificates_table.html").render(made=made))  # noqa: S704 - rendered with escapes


def _shown(value: object) -> object:
    """A text's control characters, and those that turn its direction, as what they are."""
    return visible(value) if type(value) is str else value


@cache
def _environment() -> jinja2.Environment:
    here = resources.files("itemtrail.core")
    loader = jinja2.DictLoader({name: here.joinpath(name).read_text(encoding="utf-8") for name in _FILES})
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, finalize=_shown, loader=loader)
    environment.filters.update(
        time=lambda time: f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC",
        joined="; ".join,  # jinja's join gives markup, which nobody looks at again
    )
    return environment
