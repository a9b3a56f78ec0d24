"""Frozen values that cross rooms: what was seen, measured, found, chosen and claimed.

Standard library only, so that reading a run and printing its report needs no torch.
"""

from stetho.record.claims import (
    Answer as Answer,
)
from stetho.record.claims import (
    ArticleResult as ArticleResult,
)
from stetho.record.claims import (
    ClaimResult as ClaimResult,
)
from stetho.record.claims import (
    Measure as Measure,
)
from stetho.record.claims import (
    Picture as Picture,
)
from stetho.record.claims import (
    Series as Series,
)
from stetho.record.claims import (
    Verdict as Verdict,
)
from stetho.record.runs import (
    CAUSES as CAUSES,
)
from stetho.record.runs import (
    HISTOGRAM_BINS as HISTOGRAM_BINS,
)
from stetho.record.runs import (
    HISTOGRAM_OCTAVES as HISTOGRAM_OCTAVES,
)
from stetho.record.runs import (
    NAN as NAN,
)
from stetho.record.runs import (
    CandidateResult as CandidateResult,
)
from stetho.record.runs import (
    Choice as Choice,
)
from stetho.record.runs import (
    Criterion as Criterion,
)
from stetho.record.runs import (
    Diagnosis as Diagnosis,
)
from stetho.record.runs import (
    Evidence as Evidence,
)
from stetho.record.runs import (
    Finding as Finding,
)
from stetho.record.runs import (
    Function as Function,
)
from stetho.record.runs import (
    Layer as Layer,
)
from stetho.record.runs import (
    LayerStats as LayerStats,
)
from stetho.record.runs import (
    Optimizer as Optimizer,
)
from stetho.record.runs import (
    Overhead as Overhead,
)
from stetho.record.runs import (
    Parameter as Parameter,
)
from stetho.record.runs import (
    ParameterStats as ParameterStats,
)
from stetho.record.runs import (
    Predicted as Predicted,
)
from stetho.record.runs import (
    PredictedSite as PredictedSite,
)
from stetho.record.runs import (
    Probe as Probe,
)
from stetho.record.runs import (
    Remedy as Remedy,
)
from stetho.record.runs import (
    Run as Run,
)
from stetho.record.runs import (
    Severity as Severity,
)
from stetho.record.runs import (
    Site as Site,
)
from stetho.record.runs import (
    SiteStats as SiteStats,
)
from stetho.record.runs import (
    histogram_edges as histogram_edges,
)
