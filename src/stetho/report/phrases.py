"""Findings and sites → the words that every lowering uses for them."""

from __future__ import annotations

from stetho.record import Finding, Remedy, Site
from stetho.report import numbers


def since(finding: Finding) -> str:
    return "" if finding.first_step is None else f"since step {numbers.whole(finding.first_step)}"


def evidence_lines(finding: Finding) -> list[str]:
    return [f"{name} {numbers.against_limit(item)}" for name, item in finding.evidence.items()]


def evidence(finding: Finding) -> str:
    return "; ".join(evidence_lines(finding))


def shares(finding: Finding) -> list[tuple[str, float]]:
    """Causes, the largest first."""
    return sorted(finding.cause.items(), key=lambda item: -item[1])


def blame(finding: Finding) -> str:
    return ", ".join(f"{name} {numbers.percent(share)}" for name, share in shares(finding))


def remedy(one: Remedy) -> str:
    return f"{one.do} — {one.expected}" if one.expected else one.do


def at(site: Site) -> str:
    """A site's name, with the layer before it where the name does not tell where it is."""
    bare = "/" not in site.name and site.layer is not None
    return f"{site.name} (after {site.layer})" if bare else site.name
