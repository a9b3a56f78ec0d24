"""Ids of claims → experiments made, and the verdict that follows from each."""

from stetho.article.listing import ORDER, all_claims, claim_of, find
from stetho.article.running import result_of, run

__all__ = ["ORDER", "all_claims", "claim_of", "find", "result_of", "run"]
