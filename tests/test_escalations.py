"""What came after a week, and what an escalation is: worked by hand."""

import numpy as np
import pytest

from analytics.errors import OptionError
from analytics.escalations import EscalationOptions, escalations, followed

TINY = EscalationOptions(weeks_after=2, weeks_before=4, quantile=0.75, ratio=1.5)
COUNTS = np.array([1, 0, 1, 0, 1, 3, 4, 5, 0, 0, 0, 0, 1], dtype=float)[:, None]
# Week 4: the four before are 1 0 1 0: mean .5, the third smallest (75 %) 1; after it (3 + 4) / 2 = 3.5: followed.
# Week 5 (0 1 0 1; 1): (4 + 5) / 2: followed. Week 6 (1 0 1 3, mean 1.25; 1): 5 / 2 = 2.5: followed.
# Week 7 (0 1 3 4; 3): 0: not. Week 3 has three of four weeks before it (1 0 1; the third is 1): (1 + 3) / 2 = 2: followed.
# Week 2 has two (1 0: mean .5, the second is 1): (0 + 1) / 2 = .5: not. Week 10 (4 5 0 0; 4): .5: not.


def test_followed_by_hand() -> None:
    """Each week is judged by the weeks before and after it as the definition says, and itself is in neither."""
    found = followed(COUNTS, TINY)[:, 0]
    np.testing.assert_array_equal(found, [np.nan, np.nan, 0, 1, 1, 1, 1, 0, 0, 0, 0, np.nan, np.nan])
    changed = COUNTS.copy()
    changed[6] += 100
    assert followed(changed, TINY)[6, 0] == found[6]


def test_escalation_by_hand() -> None:
    """A run of such weeks is one escalation: it begins above the quantile of the weeks before, not with a quiet week."""
    found = escalations(COUNTS, TINY)
    assert [found.region.tolist(), found.onset.tolist(), found.end.tolist(), found.peak.tolist()] == [
        [0],
        [5],
        [8],
        [7],
    ]


def test_what_is_not_known_is_no_outcome() -> None:
    """A week with an unknown week after it, or with less than half of those before known, has no outcome."""
    counts = COUNTS.copy()
    counts[8] = np.nan
    found = followed(counts, TINY)[:, 0]
    assert np.isnan(found[[0, 1, 6, 7, 11, 12]]).all()
    assert found[[2, 3, 4, 5]].tolist() == [0, 1, 1, 1]
    assert len(escalations(np.full((9, 2), np.nan), TINY).onset) == 0


def test_regions_do_not_matter_to_each_other() -> None:
    """Each region is judged as if it were alone."""
    both = np.hstack([COUNTS[::-1], COUNTS])
    np.testing.assert_array_equal(followed(both, TINY)[:, 1], followed(COUNTS, TINY)[:, 0])


@pytest.mark.parametrize("wrong", [{"weeks_after": 0}, {"quantile": 1.5}, {"ratio": 0}, {"min_incidents": 0}])
def test_options_that_cannot_be_meant(wrong: dict[str, float]) -> None:
    """A definition that cannot be meant is refused by name."""
    with pytest.raises(OptionError, match=next(iter(wrong))):
        EscalationOptions(**wrong)  # type: ignore[arg-type]
