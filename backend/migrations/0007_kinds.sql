-- What the kinds of jobs that come with the server need.

-- Mail that was not sent, since nothing was set to send it.
create table annex.outbox (
    id          uuid primary key,
    -- No reference: the mail is here when the job is gone.
    job_id      uuid not null,
    sender      text not null,
    recipients  text[] not null,
    copies      text[] not null,
    reply_to    text,
    subject     text not null,
    text        text not null,
    html        text,
    created_at  timestamptz not null
);

-- Calls a function with arguments by name, and returns what it does as JSON: a list where it returns a set. Only functions that are
-- meant for it are called: their comment begins with `@job`. Names of schemas, functions, arguments and types are the catalogue's.
-- What is wrong with the call itself is told as AJ001.
create function annex.call_function(called text, arguments jsonb) returns jsonb
    language plpgsql as $$
declare
    parts text[];
    given constant text[] := array(select jsonb_object_keys(arguments));
    found_functions integer;
    target record;
    columns text;
    call text;
    result jsonb;
begin
    begin
        parts := parse_ident(called);
    exception when invalid_parameter_value then
        parts := null;
    end;
    if parts is null or cardinality(parts) <> 2 then
        raise exception using errcode = 'AJ001', message = format('%s is not a function''s name with its schema, such as public.close_month', called);
    end if;

    for target in
        select p.oid::regprocedure as signature, p.proretset, p.prorettype = 'void'::regtype as is_void, a.names, a.types,
            array(select unnest(a.names[1:p.pronargs - p.pronargdefaults]) except select unnest(given)) as missing,
            array(select unnest(given) except select unnest(a.names)) as unknown,
            count(*) over () as named
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace,
        lateral (
            select coalesce(array_agg(g.name order by g.place), '{}') as names,
                coalesce(array_agg(format_type(g.type, null) order by g.place), '{}') as types
            from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes)
                with ordinality as g (type, name, mode, place)
            where coalesce(g.mode, 'i') in ('i', 'b')
        ) a
        where n.nspname = parts[1] and p.proname = parts[2] and p.prokind = 'f' and p.provariadic = 0
            and n.nspname not in ('annex', 'information_schema') and n.nspname !~ '^pg_'
            and obj_description(p.oid, 'pg_proc') ~ '^@job\M'
        order by p.oid
    loop
        if cardinality(target.missing) = 0 and cardinality(target.unknown) = 0 then
            found_functions := coalesce(found_functions, 0) + 1;
            columns := (
                select string_agg(format('%I %s', a.name, a.type), ', ')
                from unnest(target.names, target.types) a (name, type) where a.name = any(given));
            call := format('%I.%I(%s)', parts[1], parts[2],
                (select string_agg(format('%I => given.%1$I', g), ', ') from unnest(given) g));
        elsif target.named = 1 then
            raise exception using errcode = 'AJ001', message = format('%s is called wrongly: ', target.signature)
                || concat_ws('; ',
                    'it needs ' || nullif(array_to_string(target.missing, ', '), ''),
                    'it has no ' || nullif(array_to_string(target.unknown, ', '), ''));
        end if;
        exit when found_functions > 1;
    end loop;

    if found_functions is null then
        raise exception using errcode = 'AJ001', message = format(
            'there is no function %s with these arguments and a comment that begins with @job', called);
    elsif found_functions > 1 then
        raise exception using errcode = 'AJ001', message = format('several functions %s have these arguments', called);
    end if;
    if columns is not null then
        columns := format('from jsonb_to_record($1) as given (%s)', columns);
    end if;
    if target.is_void then
        execute format('select %s %s', call, columns) using arguments;
    elsif target.proretset then
        execute format('select coalesce(jsonb_agg(r.value), ''[]'') from (select to_jsonb(%s) as value %s) r', call, columns)
            into result using arguments;
    else
        execute format('select to_jsonb(%s) %s', call, columns) into result using arguments;
    end if;
    return result;
end
$$;
