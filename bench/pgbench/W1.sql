\set author random(100000000000, 100000000999)
\set post :post + 1
\set id 1000000000000 + :client_id * 10000000000 + :post
insert into posts (id, title, body, status, author_id)
values (
    ('0191000000007000800' || :id)::uuid,
    :title,
    :body,
    :status,
    ('01900000-0000-7000-9000-' || :author)::uuid
)
returning id, title, body, status, author_id, created_at, updated_at, xmin, true;
