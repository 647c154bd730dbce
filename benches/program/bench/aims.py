"""What is aimed at, and whether it was reached."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Aim:
    """One figure that is aimed at."""

    number: int
    what: str
    target: float
    measured: float | None
    at_least: bool
    unit: str

    @property
    def met(self) -> bool:
        """Whether it was reached; what could not be measured was not."""
        if self.measured is None:
            return False
        return self.measured >= self.target if self.at_least else self.measured <= self.target

    def show(self) -> str:
        """A line of the table."""
        sign = ">=" if self.at_least else "<="
        found = "-" if self.measured is None else f"{self.measured:.3g}{self.unit}"
        target = f"{sign} {self.target:g}{self.unit}"
        met = "met" if self.met else "MISSED" if self.measured is not None else "NOT MEASURED"
        return f"{self.number}  {self.what:<62}{target:>12}{found:>12}  {met}"

    def report(self) -> dict[str, Any]:
        """As it stands in the file of results."""
        return asdict(self) | {"met": self.met}


def at_least(number: int, what: str, target: float, measured: float | None, unit: str = "x") -> Aim:
    """More is better."""
    return Aim(number, what, target, measured, True, unit)


def at_most(number: int, what: str, target: float, measured: float | None, unit: str = "x") -> Aim:
    """Less is better."""
    return Aim(number, what, target, measured, False, unit)


def ratio(above: float | None, below: float | None) -> float | None:
    """One in terms of the other, if both are known."""
    return None if above is None or below is None or below == 0 else above / below
