"""Run and Diagnosis → one HTML file. Needs no torch and no network."""

from __future__ import annotations

from stetho.report.html.pair_page import pair_page
from stetho.report.html.plain_page import plain_page
from stetho.report.html.predicted_page import predicted_page
from stetho.report.html.run_page import run_page

__all__ = ["pair_page", "plain_page", "predicted_page", "run_page"]
