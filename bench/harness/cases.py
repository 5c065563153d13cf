"""What is measured: four requests that every backend has. The one that writes comes last."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    name: str
    title: str


CASES = {
    case.name: case
    for case in (
        Case("R1", "read one post by id"),
        Case("R2", "list an author's 20 newest posts"),
        Case("A1", "read one's own post by id, with a bearer token and an ownership rule"),
        Case("W1", "create a post"),
    )
}
