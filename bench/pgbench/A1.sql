\set post random(100000000000, 100000099999)
\set author 100000000000 + :post % 1000
select id, title, body, status, author_id, created_at, updated_at, xmin
from posts
where id = ('01900000-0000-7000-8000-' || :post)::uuid
    and author_id = ('01900000-0000-7000-9000-' || :author)::uuid;
