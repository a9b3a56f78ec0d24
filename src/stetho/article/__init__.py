"""Ids of claims → experiments made, and the verdict that follows from each."""

from stetho.article.listing import ORDER, all_claims, find
from stetho.article.running import result_of, run

__all__ = ["ORDER", "all_claims", "find", "result_of", "run"]
