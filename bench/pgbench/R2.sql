\set author random(100000000000, 100000000999)
\set count 21
select id, title, body, status, author_id, created_at, updated_at
from posts
where author_id = ('01900000-0000-7000-9000-' || :author)::uuid
order by created_at desc, id desc
limit :count;
