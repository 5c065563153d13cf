//! The statements by which `expand` follows relations.

use annex::records::sql::select::Wanted;

use super::*;

#[tokio::test]
async fn relations_are_followed_under_the_view_rule() {
    let settings = Settings::open().reading(OWN);
    let bench = Bench::new(settings).await;
    bench.app.sql("create table counts (id bigint primary key, parent int unique)").await;
    adopt(&bench.app, "counts", "", Settings::open().rule("view", "exists(posts, author = @user.id)")).await;
    let snapshot = bench.app.inside().catalogue.snapshot();
    let mut out = String::new();
    for (who, caller) in
        [("nobody", Caller::ANONYMOUS), ("ada", user("writer")), ("an editor", user("editor"))]
    {
        let context = Context { snapshot: &snapshot, ..bench.context(&caller) };
        // A relation to an author, to the posts of one, and to a key that is wider than what points at it.
        for (what, from, field, to, column, many) in [
            ("author", "posts", "author", "authors", "id", false),
            ("posts", "authors", "id", "posts", "author", true),
            ("count", "counts", "parent", "counts", "id", false),
        ] {
            let (from, to) = (snapshot.table(from).unwrap(), snapshot.table(to).unwrap());
            let wanted = Wanted {
                of: &from.columns[from.column(field).unwrap()],
                values: "{a,b}".to_owned(),
                column: to.column(column).unwrap(),
                limit: 10_001,
            };
            let sql = if many {
                select::first_by_value(&context, to, &[0, 1], &wanted, 100).unwrap()
            } else {
                select::by_values(&context, to, &[0, 1], &wanted).unwrap()
            };
            show(&mut out, &format!("{what}, {who}"), sql);
        }
    }
    insta::assert_snapshot!(out);
}
