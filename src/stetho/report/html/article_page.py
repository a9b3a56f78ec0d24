"""The claims' results → the illustrated page of the article."""

from __future__ import annotations

from dataclasses import asdict

from stetho.record import ArticleResult
from stetho.report.article import article_json, article_page_report
from stetho.report.html import document
from stetho.report.html.blocks import Context
from stetho.report.html.document import NOTHING
from stetho.report.html.frame import frame

SCRIPTS = (*document.BASE, "article.js")


def article_page(result: ArticleResult) -> str:
    pictures = [asdict(picture) for one in result.claims for picture in one.pictures]
    facts = result.created.replace("T", " ").removesuffix("+00:00")
    return document.document(
        "stetho article",
        frame(article_page_report(result), Context(), facts=facts),
        {**NOTHING, "pictures": pictures},
        scripts=SCRIPTS,
        form=article_json(result),
    )
