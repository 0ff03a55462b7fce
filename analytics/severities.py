"""Severities: what each incident added to its week's sum of casualties."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Severities:
    """The incidents behind a panel of sums: N of them, ordered by region, then by week, then by figure.

    Incidents without casualties add nothing, and are not among them.
    """

    week: Integers
    """Row of the panel, (N,)."""
    region: Integers
    """Column of the panel, (N,)."""
    figure: Floats
    """Casualties, (N,): whole numbers above 0."""

    @classmethod
    def of(cls, week: NDArray[np.int64], region: NDArray[np.int64], figure: NDArray[np.float64]) -> "Severities":
        """Severities of incidents in any order, each with its row, its column and its casualties.

        Raises InputError for casualties that are not whole numbers of zero or more.
        """
        wrong = ~((figure >= 0) & (figure == np.floor(figure)) & (figure < np.inf))
        if wrong.any():
            raise InputError(
                f"casualties of an incident are {figure[wrong][0]:g}; they are whole numbers of zero or more"
            )
        order = np.lexsort((figure, week, region))
        order = order[figure[order] > 0]
        sorted_week, sorted_region = (given[order].astype(np.int64) for given in (week, region))
        found = cls(week=sorted_week, region=sorted_region, figure=figure[order].astype(np.float64))
        for array in (found.week, found.region, found.figure):
            array.setflags(write=False)
        return found

    def take(self, columns: list[int]) -> "Severities":
        """Those of these columns, numbered in this order."""
        place = np.full(1 + max(int(self.region.max(initial=0)), *columns, 0), -1)
        place[columns] = np.arange(len(columns))
        mine = place[self.region] >= 0
        return Severities.of(self.week[mine], place[self.region[mine]], self.figure[mine])

    def where(self, cells: NDArray[np.bool_]) -> "Severities":
        """Those of the cells (T, R) that are true."""
        return self._those(cells[self.week, self.region])

    def until(self, stop: int) -> "Severities":
        """Those of the rows before *stop*."""
        return self._those(self.week < stop)

    def _those(self, mine: NDArray[np.bool_]) -> "Severities":
        return Severities(week=self.week[mine], region=self.region[mine], figure=self.figure[mine])

    def counts(self, shape: tuple[int, int]) -> Floats:
        """How many incidents each cell of a panel of *shape* has, (T, R)."""
        return self._table(shape, np.ones(self.figure.size))

    def sums(self, shape: tuple[int, int]) -> Floats:
        """What they add up to in each cell, (T, R)."""
        return self._table(shape, self.figure)

    def _table(self, shape: tuple[int, int], weights: Floats) -> Floats:
        cell = np.bincount(self.week * shape[1] + self.region, weights=weights, minlength=shape[0] * shape[1])
        return cell.astype(np.float64).reshape(shape)
