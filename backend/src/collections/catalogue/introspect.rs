//! Reads what Postgres knows about the tables behind collections, as rows of plain values; [`assemble`](super::assemble)
//! makes the catalogue of them.

use sqlx::postgres::types::Oid;
use sqlx::{FromRow, PgConnection, PgPool};

use super::channels;
use super::subscribers::{self, Subscriber};
use crate::hooks::{self, HttpHook};

/// Everything that the catalogue is made of, read at one moment.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) relations: Vec<Relation>,
    pub(super) columns: Vec<Attribute>,
    pub(super) types: Vec<Type>,
    pub(super) constraints: Vec<ConstraintRow>,
    pub(super) indexes: Vec<IndexRow>,
    pub(super) hooks: Vec<HttpHook>,
    pub(super) channels: Vec<channels::Row>,
    pub(super) subscribers: Vec<Subscriber>,
}

/// A collection as `annex.collections` has it, and the table or view of that name where there is one.
#[derive(Debug, FromRow)]
pub(super) struct Relation {
    pub(super) name: String,
    pub(super) schema_name: String,
    pub(super) table_name: String,
    pub(super) managed: bool,
    pub(super) primary_key: Option<Vec<String>>,
    pub(super) hidden_fields: Vec<String>,
    pub(super) list_rule: Option<String>,
    pub(super) view_rule: Option<String>,
    pub(super) create_rule: Option<String>,
    pub(super) update_rule: Option<String>,
    pub(super) delete_rule: Option<String>,
    pub(super) oid: Option<Oid>,
    /// As `pg_class.relkind` has it.
    pub(super) kind: Option<String>,
    /// Whether it has triggers or rules on inserts, other than those of its constraints.
    pub(super) inserts_fire: bool,
    /// Whether its changes are published.
    pub(super) realtime: bool,
}

/// A table that is no collection.
#[derive(Debug, FromRow)]
pub(in crate::collections) struct Other {
    /// Its name among those of collections.
    pub(in crate::collections) key: String,
    pub(in crate::collections) schema: String,
    pub(in crate::collections) name: String,
    pub(in crate::collections) oid: Oid,
    /// As `pg_class.relkind` has it.
    pub(in crate::collections) kind: String,
    /// Whether somebody has it locked against reading: then its columns are not read.
    locked: bool,
}

impl Other {
    /// The row that it would have if it were a collection.
    fn relation(&self) -> Relation {
        Relation {
            name: self.key.clone(),
            schema_name: self.schema.clone(),
            table_name: self.name.clone(),
            managed: false,
            primary_key: None,
            hidden_fields: Vec::new(),
            list_rule: None,
            view_rule: None,
            create_rule: None,
            update_rule: None,
            delete_rule: None,
            oid: Some(self.oid),
            kind: Some(self.kind.clone()),
            // Nobody writes to it as it is.
            inserts_fire: false,
            realtime: false,
        }
    }
}

/// A column.
#[derive(Debug, FromRow)]
pub(super) struct Attribute {
    pub(super) table_oid: Oid,
    pub(super) number: i16,
    pub(super) name: String,
    pub(super) type_oid: Oid,
    /// With its modifier: `character varying(200)`.
    pub(super) native_type: String,
    pub(super) not_null: bool,
    /// `a` always, `d` by default, empty for none.
    pub(super) identity: String,
    /// Empty where it is not generated.
    pub(super) generated: String,
    pub(super) default_sql: Option<String>,
    /// Whether its collation tells texts apart wherever their bytes differ; so for what has none.
    pub(super) deterministic: bool,
}

/// A type that a column has, or that such a type is made of.
#[derive(Debug, FromRow)]
pub(super) struct Type {
    pub(super) oid: Oid,
    pub(super) schema_name: String,
    pub(super) name: String,
    /// Without a modifier, as a cast spells it.
    pub(super) sql: String,
    /// As `pg_type.typtype` has it: `b`ase, `c`omposite, `d`omain, `e`num, `p`seudo, `r`ange, `m`ultirange.
    pub(super) kind: String,
    pub(super) not_null: bool,
    /// For a domain: the type under it.
    pub(super) base: Option<Oid>,
    /// For an array: the type of its elements.
    pub(super) element: Option<Oid>,
    /// For an enum: its values, in order.
    pub(super) values: Option<Vec<String>>,
}

/// A constraint.
#[derive(Debug, FromRow)]
pub(super) struct ConstraintRow {
    pub(super) table_oid: Oid,
    pub(super) name: String,
    /// As `pg_constraint.contype` has it.
    pub(super) kind: String,
    pub(super) columns: Vec<i16>,
    /// For a foreign key: the table that it points at, and its columns.
    pub(super) target_oid: Oid,
    pub(super) target_columns: Vec<i16>,
    /// As `pg_constraint.confdeltype` has it.
    pub(super) on_delete: String,
}

/// An index.
#[derive(Debug, FromRow)]
pub(super) struct IndexRow {
    pub(super) table_oid: Oid,
    pub(super) name: String,
    pub(super) method: String,
    pub(super) primary: bool,
    pub(super) unique: bool,
    pub(super) partial: bool,
    /// The numbers of its columns, 0 for an expression.
    pub(super) columns: Vec<i16>,
    /// For each column, whether it is in descending order.
    pub(super) descending: Vec<bool>,
    /// Its expressions, where it has any.
    pub(super) expression: Option<String>,
    /// The numbers of the columns that its expressions use.
    pub(super) used_columns: Vec<i16>,
    pub(super) definition: String,
}

const RELATIONS: &str = "
    select c.name, c.schema_name, c.table_name, c.managed, c.primary_key, c.hidden_fields,
           c.list_rule, c.view_rule, c.create_rule, c.update_rule, c.delete_rule,
           r.oid, r.relkind::text as kind,
           exists (select from pg_trigger t
                    where t.tgrelid = r.oid and not t.tgisinternal and t.tgenabled <> 'D' and t.tgtype & 4 <> 0
                      -- What puts changes into the outbox changes nothing.
                      and t.tgfoid <> 'annex.capture()'::regprocedure)
           or exists (select from pg_rewrite w where w.ev_class = r.oid and w.ev_type = '3') as inserts_fire,
           exists (select from pg_publication_rel p
                    where p.prrelid = r.oid and p.prpubid = (select oid from pg_publication where pubname = 'annex')) as realtime
      from annex.collections c
      left join (pg_class r join pg_namespace n on n.oid = r.relnamespace)
        on n.nspname = c.schema_name and r.relname = c.table_name and r.relkind in ('r', 'p', 'v', 'm', 'f')
    union all
    select 'users', 'annex', 'users', true, null, '{}',
           null, 'id = @user.id', null, null, null,
           'annex.users'::regclass, 'r', false, false
     order by 1";

// Partitions are parts of their table, and what an extension made is the extension's.
const OTHERS: &str = "
    select r.oid::text as key, n.nspname::text as schema, r.relname::text as name, r.oid, r.relkind::text as kind,
           exists (select from pg_locks l
                    where l.mode = 'AccessExclusiveLock' and l.relation = r.oid
                      and l.database = (select oid from pg_database where datname = current_database())) as locked
      from pg_class r
      join pg_namespace n on n.oid = r.relnamespace
     where r.relkind in ('r', 'p', 'v', 'm', 'f') and not r.relispartition and r.relpersistence <> 't'
       and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'annex')
       and not exists (select from annex.collections c where c.schema_name = n.nspname and c.table_name = r.relname)
       and not exists (select from pg_depend d
                        where d.classid = 'pg_class'::regclass and d.objid = r.oid and d.deptype = 'e')
     order by n.nspname, r.relname";

const COLUMNS: &str = "
    select a.attrelid as table_oid, a.attnum as number, a.attname::text as name,
           a.atttypid as type_oid, format_type(a.atttypid, a.atttypmod) as native_type,
           a.attnotnull as not_null, a.attidentity::text as identity, a.attgenerated::text as generated,
           pg_get_expr(d.adbin, d.adrelid) as default_sql,
           coalesce(l.collisdeterministic, true) as deterministic
      from pg_attribute a
      left join pg_collation l on l.oid = a.attcollation
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = any($1) and a.attnum > 0 and not a.attisdropped
     order by a.attrelid, a.attnum";

// `format_type(…, -1)`: with no modifier at all `character` would mean `character(1)`, and a cast to it cuts.
const TYPES: &str = "
    with recursive used(oid) as (
        select distinct atttypid from pg_attribute
         where attrelid = any($1) and attnum > 0 and not attisdropped
        union
        select part from used join pg_type t on t.oid = used.oid, unnest(array[t.typbasetype, t.typelem]) as part
         where part <> 0
    )
    select t.oid, n.nspname::text as schema_name, t.typname::text as name,
           format_type(t.oid, -1) as sql, t.typtype::text as kind, t.typnotnull as not_null,
           nullif(t.typbasetype, 0) as base,
           (select e.oid from pg_type e where e.oid = t.typelem and e.typarray = t.oid) as element,
           case when t.typtype = 'e' then
               array(select v.enumlabel::text from pg_enum v where v.enumtypid = t.oid order by v.enumsortorder)
           end as values
      from used
      join pg_type t on t.oid = used.oid
      join pg_namespace n on n.oid = t.typnamespace";

// A foreign key to a partitioned table has a row for each partition too, with `conparentid` set.
const CONSTRAINTS: &str = "
    select conrelid as table_oid, conname::text as name, contype::text as kind,
           coalesce(conkey, '{}') as columns, confrelid as target_oid, coalesce(confkey, '{}') as target_columns,
           confdeltype::text as on_delete
      from pg_constraint
     where conrelid = any($1) and contype in ('p', 'u', 'f', 'c', 'x') and conparentid = 0
     order by conrelid, conname";

const INDEXES: &str = "
    select i.indrelid as table_oid, c.relname::text as name, m.amname::text as method,
           i.indisprimary as primary, i.indisunique as unique, i.indpred is not null as partial,
           k.columns, k.descending,
           pg_get_expr(i.indexprs, i.indrelid) as expression,
           array(select distinct d.refobjsubid::int2 from pg_depend d
                  where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
                    and d.refclassid = 'pg_class'::regclass and d.refobjid = i.indrelid and d.refobjsubid > 0
                  order by 1) as used_columns,
           pg_get_indexdef(i.indexrelid) as definition
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      join pg_am m on m.oid = c.relam
     cross join lateral (
           select array_agg(i.indkey[n] order by n) as columns,
                  array_agg(i.indoption[n] & 1 = 1 order by n) as descending
             from generate_series(0, i.indnkeyatts - 1) as n) k
     where i.indrelid = any($1) and i.indisvalid
     order by i.indrelid, c.relname";

impl Facts {
    /// Reads them in one transaction, so that they fit together.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn read(pool: &PgPool) -> sqlx::Result<Self> {
        let mut transaction = crate::db::begin(pool).await?;
        sqlx::query("set transaction isolation level repeatable read read only")
            .execute(&mut *transaction)
            .await?;
        let facts = Self::read_in(&mut transaction).await?;
        transaction.rollback().await?;
        Ok(facts)
    }

    /// Reads them as the transaction sees them, which may have changed the schema. Its search path is
    /// another afterwards, until it ends.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn read_in(connection: &mut PgConnection) -> sqlx::Result<Self> {
        // Postgres then spells every name with its schema, whoever's search path it is read under later.
        sqlx::query("set local search_path = pg_catalog").execute(&mut *connection).await?;
        let relations: Vec<Relation> = sqlx::query_as(RELATIONS).fetch_all(&mut *connection).await?;
        Self::of(relations, connection).await
    }

    /// The same, with the tables that are no collections, as if each were one, except for those that are locked. They
    /// are told apart by their names, which are numbers.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn read_with_others(connection: &mut PgConnection) -> sqlx::Result<(Self, Vec<Other>)> {
        sqlx::query("set local search_path = pg_catalog").execute(&mut *connection).await?;
        let mut relations: Vec<Relation> = sqlx::query_as(RELATIONS).fetch_all(&mut *connection).await?;
        let others: Vec<Other> = sqlx::query_as(OTHERS).fetch_all(&mut *connection).await?;
        relations.extend(others.iter().filter(|other| !other.locked).map(Other::relation));
        Ok((Self::of(relations, connection).await?, others))
    }

    async fn of(relations: Vec<Relation>, connection: &mut PgConnection) -> sqlx::Result<Self> {
        let oids: Vec<Oid> = relations.iter().filter_map(|relation| relation.oid).collect();
        Ok(Self {
            relations,
            columns: sqlx::query_as(COLUMNS).bind(&oids).fetch_all(&mut *connection).await?,
            types: sqlx::query_as(TYPES).bind(&oids).fetch_all(&mut *connection).await?,
            constraints: sqlx::query_as(CONSTRAINTS).bind(&oids).fetch_all(&mut *connection).await?,
            indexes: sqlx::query_as(INDEXES).bind(&oids).fetch_all(&mut *connection).await?,
            hooks: hooks::store::enabled(&mut *connection).await?,
            channels: channels::list(&mut *connection, None).await?,
            subscribers: subscribers::subscribers(&mut *connection).await?,
        })
    }
}
