\set post random(100000000000, 100000099999)
select id, title, body, status, author_id, created_at, updated_at, xmin
from posts
where id = ('01900000-0000-7000-8000-' || :post)::uuid;
