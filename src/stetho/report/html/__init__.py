"""Run and Diagnosis → one HTML file. Needs no torch and no network."""

from __future__ import annotations

from stetho.report.html.article_page import article_page
from stetho.report.html.choice_page import choice_page
from stetho.report.html.document import plain_page
from stetho.report.html.pair_page import pair_page
from stetho.report.html.predicted_page import predicted_page
from stetho.report.html.run_page import page_form, run_page

__all__ = [
    "article_page",
    "choice_page",
    "page_form",
    "pair_page",
    "plain_page",
    "predicted_page",
    "run_page",
]
