"""What an engine says in the end: how often it tried, from which seed, and what it found."""

import sys
from dataclasses import dataclass, field


@dataclass
class Report:
    """``trials`` counts what could have gone wrong; ``findings`` are sentences, one for each that did."""

    engine: str
    seed: int
    trials: int = 0
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def tell(self, done: str) -> None:
        """How far it is, and how it looks so far, for whoever waits for hours."""
        print(f"{self.engine}: {done}; N = {self.trials:,}, {len(self.findings)} findings", file=sys.stderr, flush=True)

    def __str__(self) -> str:
        said = f"{len(self.findings)} findings" if self.findings else f"nothing found{self._bound()}"
        lines = [f"{self.engine}: N = {self.trials:,}, seed {self.seed}: {said}"]
        lines += [f"    {note}" for note in self.notes]
        lines += [f"  ! {finding}" for finding in self.findings]
        return "\n".join(lines)

    def _bound(self) -> str:
        """None in N independent trials shows, at 95 %, that it happens in less than 3/N of them, and no more."""
        return (
            f" (by itself this only shows: in less than {300 / self.trials:.2g} % of such trials)"
            if self.trials
            else ""
        )
