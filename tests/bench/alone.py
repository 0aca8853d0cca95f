"""One measure in this process: `python -m tests.bench.alone NAME JOURNEYS` prints its figure."""

import sys

from tests.bench.measures import MEASURES

if __name__ == "__main__":
    _, name, journeys = sys.argv
    (measure,) = (measure for measure in MEASURES if measure.name == name)
    print(measure.run(int(journeys)))
