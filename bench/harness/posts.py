"""The rows that every peer serves, computed from their number alone, so that an answer can be checked."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

POSTS = 100_000
AUTHORS = 1_000
CALLERS = 32
"""Authors who also sign in: one for each connection of the load."""

BODY_BYTES = 500
SENTENCE = "The quick brown fox jumps over the lazy dog while the band plays on. "
EPOCH = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Post:
    """One row, without its ids: every peer has its own."""

    number: int

    @property
    def author(self) -> int:
        return self.number % AUTHORS

    @property
    def title(self) -> str:
        return f"Post {self.number}"

    @property
    def body(self) -> str:
        return (f"{self.number}: " + SENTENCE * (BODY_BYTES // len(SENTENCE) + 1))[:BODY_BYTES]

    @property
    def status(self) -> str:
        return "draft" if self.number % 4 == 0 else "published"

    @property
    def created_at(self) -> datetime:
        return EPOCH + timedelta(seconds=self.number)


def newest_of(author: int, count: int) -> list[Post]:
    """The newest posts of an author, newest first."""
    last = POSTS - AUTHORS + author
    return [Post(number) for number in range(last, last - count * AUTHORS, -AUTHORS)]


FIRST_NUMBER = 100_000_000_000
"""What ids count from: twelve digits always, so that pgbench, which has no padding, can write them."""

POST_PREFIX = "01900000-0000-7000-8000-"
AUTHOR_PREFIX = "01900000-0000-7000-9000-"


def post_id(number: int) -> str:
    """The id of a post in Postgres."""
    return f"{POST_PREFIX}{FIRST_NUMBER + number}"


def author_id(number: int) -> str:
    """The id of an author in Postgres."""
    return f"{AUTHOR_PREFIX}{FIRST_NUMBER + number}"


TABLE_SQL = """
    create table posts (
        id uuid primary key default gen_random_uuid(),
        title text not null,
        body text not null,
        status text not null,
        author_id uuid not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
    );
    create index posts_author_id_created_at on posts (author_id, created_at);
"""


def fill_sql(callers: list[str] | None = None) -> str:
    """Fills `posts`; the first authors have the ids of `callers` where there are some."""
    given = "".join(f", ({number}, '{id}'::uuid)" for number, id in enumerate(callers or []))
    return f"""
        insert into posts (id, title, body, status, author_id, created_at, updated_at)
        select ('{POST_PREFIX}' || {FIRST_NUMBER} + n)::uuid,
               'Post ' || n,
               left(n || ': ' || repeat('{SENTENCE}', {BODY_BYTES // len(SENTENCE) + 1}), {BODY_BYTES}),
               case when n % 4 = 0 then 'draft' else 'published' end,
               coalesce(caller.id, ('{AUTHOR_PREFIX}' || {FIRST_NUMBER} + n % {AUTHORS})::uuid),
               timestamptz '{EPOCH.isoformat()}' + n * interval '1 second',
               timestamptz '{EPOCH.isoformat()}' + n * interval '1 second'
        from generate_series(0, {POSTS - 1}) as n
        left join (values (-1, null::uuid){given}) as caller (author, id) on caller.author = n % {AUTHORS}
        order by n;
    """


CLEAN_SQL = "delete from posts where title like 'Created %'"
"""Takes away what W1 wrote."""
