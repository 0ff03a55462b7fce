"""Where is violence escalating beyond what is normal there? Weekly answers from incident records.

Names are imported when they are first used, so that `import analytics` does no work.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics.errors import AnalyticsError
    from analytics.flags import Judgement, Policy, judge
    from analytics.panel import Panel
    from analytics.pipeline import Analysis, analyse, write_report
    from analytics.query.database import Answer, Database, open  # noqa: A004 - analytics.open(path)
    from analytics.query.plotting import plot
    from analytics.query.request import Limits
    from analytics.settings import Settings
    from analytics.store import Store, load, unload

__version__ = "0.1.0"

__all__ = [
    "Analysis",
    "AnalyticsError",
    "Answer",
    "Database",
    "Judgement",
    "Limits",
    "Panel",
    "Policy",
    "Settings",
    "Store",
    "analyse",
    "judge",
    "load",
    "open",
    "plot",
    "unload",
    "write_report",
]

_HOMES = {
    "Analysis": "pipeline",
    "AnalyticsError": "errors",
    "Answer": "query.database",
    "Database": "query.database",
    "Judgement": "flags",
    "Limits": "query.request",
    "Panel": "panel",
    "Policy": "flags",
    "Settings": "settings",
    "Store": "store",
    "analyse": "pipeline",
    "judge": "flags",
    "load": "store",
    "open": "query.database",
    "plot": "query.plotting",
    "unload": "store",
    "write_report": "pipeline",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'analytics' has no attribute {name!r}")
    return getattr(import_module(f"analytics.{_HOMES[name]}"), name)
