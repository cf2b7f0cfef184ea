//! What every table must hold to. A table that a later migration adds is looked at too.

use sqlx::{Connection, PgConnection, Row};

use crate::support;

/// Tables without a tenant. Each has a reason to be here.
const WITHOUT_TENANT: &[&str] = &[
    // What was migrated.
    "_sqlx_migrations",
    // One stream carries the runs of all tenants.
    "projection_positions",
    // What stands in it belongs to the stream, which is of all tenants.
    "projection_left_out",
    // Whoever looks after the log looks after the runs of all tenants. It holds nothing but their ids.
    "log_tenants",
];

const RULE: &str = "(NULLIF(current_setting('app.current_tenant'::text, true), ''::text))::uuid";

/// The column that names the tenant.
pub(crate) fn tenant_column(table: &str) -> &'static str {
    if table == "tenants" { "id" } else { "tenant_id" }
}

/// Every table that belongs to tenants.
pub(crate) async fn tables(conn: &mut PgConnection) -> Vec<String> {
    let rows = sqlx::query(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'p') order by 1",
    )
    .fetch_all(conn)
    .await
    .unwrap();
    let names = rows.into_iter().map(|row| row.get::<String, _>(0));
    names.filter(|name| !WITHOUT_TENANT.contains(&name.as_str())).collect()
}

/// What is wrong with the schema; empty when nothing is.
async fn faults(conn: &mut PgConnection) -> Vec<String> {
    let mut faults = Vec::new();
    for table in tables(conn).await {
        faults.extend(column_faults(conn, &table).await);
        faults.extend(policy_faults(conn, &table).await);
        faults.extend(reference_faults(conn, &table).await);
        faults.extend(grant_faults(conn, &table).await);
    }
    faults
}

async fn column_faults(conn: &mut PgConnection, table: &str) -> Option<String> {
    let column = sqlx::query(
        "select format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end
         from pg_attribute where attrelid = $1::regclass and attname = $2",
    )
    .bind(table)
    .bind(tenant_column(table))
    .fetch_optional(conn)
    .await
    .unwrap()
    .map(|row| row.get::<String, _>(0));
    (column.as_deref() != Some("uuid not null")).then(|| format!("{table}: its tenant is {column:?}"))
}

async fn policy_faults(conn: &mut PgConnection, table: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let on = sqlx::query("select relrowsecurity and relforcerowsecurity from pg_class where oid = $1::regclass")
        .bind(table)
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    if !on.get::<bool, _>(0) {
        faults.push(format!("{table}: row-level security is not enabled and forced"));
    }
    let policies = sqlx::query(
        "select permissive || ' ' || cmd || ' ' || roles::text, qual, with_check
         from pg_policies where schemaname = 'public' and tablename = $1",
    )
    .bind(table)
    .fetch_all(conn)
    .await
    .unwrap();
    // The owner, which no process connects as, may see which tenants there are, and what issuers call them.
    let owners = |policy: &&sqlx::postgres::PgRow| {
        let kind: String = policy.get(0);
        matches!(table, "tenants" | "tenant_names")
            && kind.starts_with("PERMISSIVE SELECT {")
            && !kind.contains("public")
            && !kind.contains("sba_app")
    };
    let policies: Vec<_> = policies.iter().filter(|policy| !owners(policy)).collect();
    let [policy] = &policies[..] else {
        faults.push(format!("{table}: {} policies", policies.len()));
        return faults;
    };
    let rule = format!("({} = {RULE})", tenant_column(table));
    let (kind, using, check): (String, Option<String>, Option<String>) = (policy.get(0), policy.get(1), policy.get(2));
    if kind != "PERMISSIVE ALL {public}" || using.as_ref() != Some(&rule) || check.as_ref() != Some(&rule) {
        faults.push(format!("{table}: its policy is {kind}, {using:?}, {check:?}"));
    }
    faults
}

/// A reference that leaves the tenant out could point to another tenant's row.
async fn reference_faults(conn: &mut PgConnection, table: &str) -> Vec<String> {
    let keys = sqlx::query(
        "select conname::text, confrelid::regclass::text,
                exists (select from unnest(conkey, confkey) as k (here, there)
                        join pg_attribute a on a.attrelid = conrelid and a.attnum = k.here
                        join pg_attribute b on b.attrelid = confrelid and b.attnum = k.there
                        where a.attname = 'tenant_id'
                          and b.attname = case when confrelid = 'tenants'::regclass then 'id' else 'tenant_id' end)
         from pg_constraint where contype = 'f' and conrelid = $1::regclass",
    )
    .bind(table)
    .fetch_all(conn)
    .await
    .unwrap();
    if keys.is_empty() && table != "tenants" {
        return vec![format!("{table}: nothing ties it to its tenant")];
    }
    let loose = keys.iter().filter(|key| !key.get::<bool, _>(2));
    loose.map(|key| format!("{table}: {} leaves the tenant out", key.get::<String, _>(0))).collect()
}

async fn grant_faults(conn: &mut PgConnection, table: &str) -> Option<String> {
    let allowed = match table {
        "audit_logs" => "INSERT SELECT",
        "tenants" => "INSERT SELECT UPDATE",
        _ => "DELETE INSERT SELECT UPDATE",
    };
    let granted = sqlx::query(
        "select grantee::text || ' ' || string_agg(privilege_type, ' ' order by privilege_type)
         from information_schema.role_table_grants
         where table_schema = 'public' and table_name = $1
           and grantee <> (select pg_get_userbyid(relowner) from pg_class where oid = $1::regclass)
         group by grantee",
    )
    .bind(table)
    .fetch_all(conn)
    .await
    .unwrap();
    let granted: Vec<String> = granted.into_iter().map(|row| row.get(0)).collect();
    (granted != [format!("sba_app {allowed}")]).then(|| format!("{table}: granted {granted:?}"))
}

#[tokio::test]
async fn every_table_is_isolated() {
    let database = support::database().await;
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    assert!(tables(&mut owner).await.len() >= 11, "the tables were not found");
    assert_eq!(faults(&mut owner).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_sees_past_isolation_is_listed_and_answers_ids_alone() {
    let database = support::database().await;
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    let rows = sqlx::query(
        "select p.proname || ' ' || pg_get_function_result(p.oid) || ' ' || array_to_string(p.proconfig, ' ') || ' ' ||
                has_function_privilege('public', p.oid, 'execute')
         from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname = 'public' and p.prosecdef order by 1",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let found: Vec<String> = rows.into_iter().map(|row| row.get(0)).collect();
    assert_eq!(
        found,
        [
            "tenant_ids SETOF uuid search_path=public, pg_temp false",
            "tenant_named uuid search_path=public, pg_temp false",
        ]
    );
}

#[tokio::test]
async fn a_table_that_is_not_isolated_is_found_out() {
    let database = support::database().await;
    let mut owner = PgConnection::connect(&database.owner_url).await.unwrap();
    for (sql, fault) in [
        ("create table leak (id uuid)", "leak: its tenant is None"),
        (
            "create table leak (tenant_id uuid references tenants (id)); call isolate_by_tenant('leak')",
            "leak: its tenant is Some(\"uuid\")",
        ),
        (
            "create table leak (tenant_id uuid not null references tenants (id))",
            "leak: row-level security is not enabled and forced",
        ),
        (
            "create table leak (tenant_id uuid not null references tenants (id)); call isolate_by_tenant('leak');
             alter table leak no force row level security",
            "leak: row-level security is not enabled and forced",
        ),
        (
            "create table leak (tenant_id uuid not null references tenants (id)); call isolate_by_tenant('leak');
             create policy more on leak using (true)",
            "leak: 2 policies",
        ),
        (
            "create table leak (tenant_id uuid not null references tenants (id), t uuid references tenants (id));
             call isolate_by_tenant('leak')",
            "leak: leak_t_fkey leaves the tenant out",
        ),
        (
            "create table leak (tenant_id uuid not null references tenants (id)); call isolate_by_tenant('leak');
             grant all on leak to sba_app",
            "leak: granted [\"sba_app DELETE INSERT REFERENCES",
        ),
    ] {
        let mut tx = owner.begin().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut *tx).await.unwrap();
        let found = faults(&mut tx).await;
        assert!(found.iter().any(|f| f.starts_with(fault)), "{sql}: {found:?}");
        tx.rollback().await.unwrap();
    }
}
