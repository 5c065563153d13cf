//! The connections of the pool.

use std::pin::pin;
use std::time::Duration;

use annex_tests::TestApp;
use sqlx::AssertSqlSafe;
use tokio::time::{sleep, timeout};

/// Who goes away while a transaction begins must not leave a connection within it: what others write there would be lost.
#[tokio::test]
async fn a_beginning_that_is_given_up_leaves_nothing_open() {
    let app = TestApp::start().await;
    let pool = &app.inside().db.pool;
    for round in 0..100_u64 {
        let mut beginning = pin!(annex::db::begin(pool));
        drop(timeout(Duration::from_micros(round * 20), &mut beginning).await);
    }
    app.sql("create table written (n bigint)").await;
    for round in 0..20 {
        sqlx::query(AssertSqlSafe(format!("insert into written values ({round})")))
            .execute(pool)
            .await
            .unwrap();
    }
    assert_eq!(app.sql_value("select count(*) from written").await.as_deref(), Some("20"));
    let open = "select count(*) from pg_stat_activity
        where datname = current_database() and application_name = 'annex' and state like 'idle in transaction%'";
    for _ in 0..100 {
        if app.sql_value(open).await.as_deref() == Some("0") {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("a connection is within a transaction");
}
