"""The chain on one screen: panel, models, flags, report."""

from analytics.pipeline.analysis import Analysis, analyse, growth_before, trend_result
from analytics.pipeline.demo import demo, founding_page
from analytics.pipeline.each_region import RegionPages, write_each_region
from analytics.pipeline.reporting import Report, write_report
from analytics.store import fresh_store

__all__ = [
    "Analysis",
    "RegionPages",
    "Report",
    "analyse",
    "demo",
    "founding_page",
    "fresh_store",
    "growth_before",
    "trend_result",
    "write_each_region",
    "write_report",
]
