//! Which column of a file goes into which field.

use std::collections::BTreeMap;

use annex_openapi::collections::{Collection, IndexKind};
use annex_openapi::near::nearest;
use serde_json::Value;
use serde_json::value::RawValue;

/// The fields that can be imported.
pub fn targets(collection: &Collection) -> Vec<String> {
    let fields = collection.fields.iter().filter(|field| !field.read_only && field.name != "updated_at");
    fields.map(|field| field.name.clone()).collect()
}

/// The fields by which a row that is there already can be known: the key, and unique indexes.
pub fn keys(collection: &Collection) -> Vec<String> {
    let mut keys = vec![collection.primary_key.join(",")];
    let of_fields = collection.fields.iter().filter(|field| field.unique).map(|field| field.name.clone());
    let unique = collection.indexes.iter().filter(|index| index.kind == Some(IndexKind::Unique));
    let of_indexes = unique.map(|index| {
        index.fields.iter().map(|field| field.trim_start_matches('-')).collect::<Vec<_>>().join(",")
    });
    for key in of_fields.chain(of_indexes).filter(|key| !key.is_empty()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.retain(|key| !key.is_empty());
    keys
}

/// A name without what people write differently.
fn plain(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The field that each column is most likely meant for, each field once; a name that is right counts for more than one that is near.
pub fn guess(columns: &[String], targets: &[String]) -> Vec<Option<String>> {
    let mut guessed: Vec<Option<String>> = vec![None; columns.len()];
    let mut free: Vec<&String> = targets.iter().collect();
    type Way = fn(&str, &[&String]) -> Option<usize>;
    let ways: [Way; 3] = [
        |column, free| free.iter().position(|target| target.as_str() == column),
        |column, free| free.iter().position(|target| plain(target) == plain(column)),
        |column, free| {
            let near = nearest(column, free.iter().map(|target| target.as_str()))?;
            free.iter().position(|target| target.as_str() == near)
        },
    ];
    for way in ways {
        for (column, guess) in columns.iter().zip(&mut guessed).filter(|(_, guess)| guess.is_none()) {
            *guess = way(column, &free).map(|place| free.remove(place).clone());
        }
    }
    guessed
}

/// The lines of NDJSON with their members renamed; those that stand for nothing go. A line that is no object stays: the server says
/// what is wrong with it.
pub fn rename_members(lines: &str, mapping: &[(String, Option<String>)]) -> String {
    let mut out = String::with_capacity(lines.len());
    for line in lines.split_inclusive('\n') {
        let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(line) else {
            out.push_str(line);
            continue;
        };
        let renamed = members.into_iter().filter_map(|(name, value)| {
            let to = match mapping.iter().find(|(from, _)| *from == name) {
                Some((_, to)) => to.as_ref()?.as_str(),
                None => name.as_str(),
            };
            Some(format!("{}:{}", Value::from(to), value.get()))
        });
        out.push_str(&format!("{{{}}}", renamed.collect::<Vec<_>>().join(",")));
        out.push_str(if line.ends_with('\n') { "\n" } else { "" });
    }
    out
}

/// The names of the members in the first lines of NDJSON, and the texts of these in each line.
pub fn members(lines: &str, most: usize) -> (Vec<String>, Vec<Vec<String>>) {
    let mut names: Vec<String> = Vec::new();
    let objects =
        lines.lines().filter_map(|line| serde_json::from_str::<serde_json::Map<String, Value>>(line).ok());
    let objects: Vec<_> = objects.take(most).collect();
    for name in objects.iter().flat_map(|object| object.keys()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let rows =
        objects.iter().map(|object| names.iter().map(|name| text(object.get(name))).collect()).collect();
    (names, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::collection::data::fixture::books;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn columns_find_their_fields() {
        let targets = names(&["title", "page_count", "price", "tags"]);
        let guessed = guess(&names(&["Titel", "title", "Page Count", "other", "price"]), &targets);
        assert_eq!(
            guessed,
            [None, Some("title"), Some("page_count"), None, Some("price")]
                .map(|name| name.map(str::to_owned))
        );
        assert_eq!(guess(&names(&["titel"]), &targets), [Some("title".to_owned())]);
    }

    #[test]
    fn what_can_be_imported_can_be_written() {
        let mut books = books();
        assert!(targets(&books).contains(&"title".to_owned()));
        books.fields[2].read_only = true;
        assert!(!targets(&books).contains(&"title".to_owned()));
        books.fields[4].unique = true;
        assert_eq!(keys(&books), ["id", "pages"]);
    }

    #[test]
    fn members_are_renamed_and_keep_their_values() {
        let mapping = [("a".to_owned(), Some("b".to_owned())), ("c".to_owned(), None)];
        let lines = "{\"a\":1.10,\"c\":2,\"d\":\"x\\ny\"}\nnot json\n{\"c\":1}";
        assert_eq!(rename_members(lines, &mapping), "{\"b\":1.10,\"d\":\"x\\ny\"}\nnot json\n{}");
    }

    #[test]
    fn the_first_lines_show_their_members() {
        let (names, rows) = members("{\"a\":1}\n{\"b\":\"x\",\"a\":null}\n{\"b", 5);
        assert_eq!(names, ["a", "b"]);
        assert_eq!(rows, [["1", ""], ["", "x"]]);
    }
}
