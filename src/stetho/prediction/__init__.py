"""A model and a batch → what theory says of every site, before any training."""

from stetho.prediction.model import Prediction, SitePrediction, predict
from stetho.prediction.stack import StackRow, compare_stacks

__all__ = ["Prediction", "SitePrediction", "StackRow", "compare_stacks", "predict"]
