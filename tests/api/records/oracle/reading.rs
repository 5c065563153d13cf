//! What can be read: lists, counts, single rows, related rows, exports.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::support::records;
use super::condition::{generate, written};
use super::{Case, Random, ids};

impl Case<'_> {
    /// Reads in every way.
    pub async fn reads(&self, random: &mut Random) {
        for _ in 0..3 {
            self.list(random).await;
        }
        let viewed = self.viewed();
        for row in &self.rows {
            let status = self.client.get(&format!("/v1/records/docs/{}", row.id)).await.status;
            assert_eq!(status, if viewed.contains(&row.id) { 200 } else { 404 }, "{self}\nget {row:?}");
        }
    }

    async fn list(&self, random: &mut Random) {
        let filter = generate(random, 2);
        let text = written(&filter);
        let label = format!("{self}\nfilter: {text}");
        let wanted = self.matching(&filter);
        let sort = random.pick(&["id", "-n", "t,-n", "flag"]);
        let asked = [("filter", text.as_str()), ("sort", sort), ("expand", "parent,docs"), ("limit", "1000")];
        let count = random.pick(&["count=exact", "count=estimated"]);
        let page = self.client.get(&records("docs", &asked)).header("prefer", count).await.expect_status(200);
        assert_eq!(ids(&page.items()), wanted, "{label}");
        if count == "count=exact" {
            assert_eq!(page.json()["count"], wanted.len(), "{label}");
        }
        let viewed = self.viewed();
        for item in page.items() {
            let row = self.rows.iter().find(|row| item["id"] == row.id).expect("it is one of them");
            let parent = item["expand"]["parent"]["id"].as_i64();
            assert_eq!(parent, row.parent.filter(|parent| viewed.contains(parent)), "{label}\n{item}");
            let children: BTreeSet<i64> = self
                .rows
                .iter()
                .filter(|child| child.parent == Some(row.id) && viewed.contains(&child.id))
                .map(|child| child.id)
                .collect();
            let found = item["expand"]["docs"].as_array().cloned().unwrap_or_default();
            assert_eq!(ids(&found), children, "{label}\n{item}");
        }
        let keys: Vec<&str> = sort.split(',').collect();
        let asked = json!({"format": "ndjson", "filter": text, "sort": keys});
        let export = self.client.post("/v1/records/docs/export", asked).await.expect_status(200);
        let lines: Vec<Value> = export
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is a row"))
            .collect();
        assert_eq!(ids(&lines), wanted, "{label}\nexport");
        for line in lines {
            let row = self.rows.iter().find(|row| line["id"] == row.id).expect("it is one of them");
            assert_eq!(line, row.json(), "{label}\nexport");
        }
    }
}
