"""Statements: the latest revision of each, by audience in the order of release: host nation first."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tocsin.messages import Message, Statement
from tocsin.views.pick import moment_ns, of_kind

AUDIENCES = ("host_nation", "alliance", "public")


class StatementView(msgspec.Struct, frozen=True, kw_only=True):
    """One statement; ``last`` is the newest released revision, or the newest draft where none was released."""

    statement: str
    audience: str
    last: Statement
    drafted_ns: int
    released_ns: int | None
    revisions_count: int

    @property
    def cited(self) -> tuple[str, ...]:
        """Every record id its sentences rest on, once each, in reading order."""
        return tuple(dict.fromkeys(i for sentence in self.last.sentences for i in sentence.evidence))


def statements(messages: Sequence[Message]) -> tuple[StatementView, ...]:
    """Every statement, host nation first, then the alliance, then the public."""
    by_name: dict[str, list[Statement]] = {}
    for statement in of_kind(messages, Statement):
        by_name.setdefault(statement.statement, []).append(statement)
    views = [_view(name, revisions) for name, revisions in by_name.items()]
    return tuple(sorted(views, key=lambda v: (AUDIENCES.index(v.audience), v.drafted_ns)))


def _view(name: str, revisions: list[Statement]) -> StatementView:
    released = [s for s in revisions if s.state == "released"]
    return StatementView(
        statement=name,
        audience=revisions[-1].audience,
        last=released[-1] if released else revisions[-1],
        drafted_ns=moment_ns(revisions[0]),
        released_ns=moment_ns(released[0]) if released else None,
        revisions_count=len(revisions),
    )
