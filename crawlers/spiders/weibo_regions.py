"""Weibo's numbers of provinces and cities, by which its desktop search can be cut.

Owns the table. A province has the first two digits of its administrative division, a city or district the next two, as
the platform once took them over: some were merged since, some are younger than the table. Whoever cuts by city must
therefore ask for the province once more.
"""

from collections.abc import Mapping

ANY_CITY = 1000
"""Stands for all cities of a province, and for none in the profile of an account."""

_TABLE = """
11 1-9 11-17 28 29
12 1-15 21 23 25
13 1-11
14 1-10 23
15 1-7 22 25 26 28 29
21 1-14
22 1-8 24
23 1-12 27
31 1 3-10 12-20 30
32 1-13
33 1-11
34 1-8 10-18
35 1-9
36 1-11
37 1-17
41 1-17
42 1-3 5-13 28
43 1-13 31
44 1-9 12-20 51-53
45 1-14
46 1 2 90
50 1-15 22-38 40-43 81-84
51 1 3-11 13-20 32-34
52 1-4 22-24 26 27
53 1 3-6 23 25-29 31-35
54 1 21-26
61 1-10
62 1-10 24 26 29 30
63 1 21-23 25-28
64 1-5
65 1 2 21-23 27-32 40 42-44
71 1-7 90
81
82
100
400 1-16
"""
"""A province, then its cities. 81 and 82 are one city each; 100 is elsewhere, 400 is abroad, its cities countries."""


def _read(table: str) -> dict[int, tuple[int, ...]]:
    cities: dict[int, tuple[int, ...]] = {}
    for line in table.split("\n"):
        if line:
            province, *spans = line.split()
            ends = [(int(first), int(last or first)) for first, _, last in (span.partition("-") for span in spans)]
            cities[int(province)] = tuple(city for first, last in ends for city in range(first, last + 1))
    return cities


CITIES: Mapping[int, tuple[int, ...]] = _read(_TABLE)
"""By province, in the table's order."""
