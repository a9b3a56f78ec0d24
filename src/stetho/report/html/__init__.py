"""Run and Diagnosis → one HTML file. Needs no torch and no network."""

from __future__ import annotations

from stetho.report.html.run_page import run_page

__all__ = ["run_page"]
