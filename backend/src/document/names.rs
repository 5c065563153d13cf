//! Names of types and operations, made from those of collections so that no two are the same.

use std::collections::HashSet;

use serde_json::Value;

/// The names that are taken.
#[derive(Debug, Default)]
pub(super) struct Names {
    schemas: HashSet<String>,
    operations: HashSet<String>,
}

impl Names {
    /// Those of a document.
    pub(super) fn of(document: &Value) -> Self {
        let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
        let members = document["paths"].as_object().into_iter().flatten();
        let operations = members.filter_map(|(_, item)| item.as_object()).flatten();
        Self {
            schemas: schemas.map(|(name, _)| name.clone()).collect(),
            operations: operations
                .filter_map(|(_, operation)| operation["operationId"].as_str().map(str::to_owned))
                .collect(),
        }
    }

    /// The name of a collection's row: `posts` becomes `Post`, or `PostRecord` where something else has that name.
    /// The names that begin with it, such as `PostPage`, are free too.
    pub(super) fn row(&mut self, collection: &str) -> String {
        let one = pascal(&singular(collection));
        let many = pascal(collection);
        let candidates = [one.clone(), format!("{one}Record"), format!("{many}Record")];
        let numbered = (2..).map(|number| format!("{one}Record{number}"));
        let is_free = |name: &String| {
            super::schema::PARTS.iter().all(|part| !self.schemas.contains(&format!("{name}{part}")))
        };
        let name = candidates.into_iter().chain(numbered).find(is_free).expect("numbers do not end");
        for part in super::schema::PARTS {
            self.schemas.insert(format!("{name}{part}"));
        }
        name
    }

    /// The name of a type beside a row's, such as an enum's.
    pub(super) fn schema(&mut self, name: &str) -> String {
        let numbered = (2..).map(|number| format!("{name}{number}"));
        let candidates = [name.to_owned(), format!("{name}Value")].into_iter().chain(numbered);
        let found = { candidates }.find(|name| !self.schemas.contains(name)).expect("numbers do not end");
        self.schemas.insert(found.clone());
        found
    }

    /// The prefix of a collection's operations: its name, or `records_` and its name where a part of the platform has
    /// operations of that name.
    pub(super) fn operations(&mut self, collection: &str) -> String {
        let numbered = (2..).map(|number| format!("records_{collection}_{number}"));
        let candidates = [collection.to_owned(), format!("records_{collection}")].into_iter().chain(numbered);
        let is_free = |prefix: &String| {
            super::operations::ACTIONS
                .iter()
                .all(|action| !self.operations.contains(&format!("{prefix}_{action}")))
        };
        let prefix = { candidates }.find(is_free).expect("numbers do not end");
        for action in super::operations::ACTIONS {
            self.operations.insert(format!("{prefix}_{action}"));
        }
        prefix
    }
}

/// `blog_posts` becomes `BlogPosts`.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    };
    let name: String = words.map(capital).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() {
        format!("Value{name}")
    } else {
        name
    }
}

/// One of what a collection's name names, by the simplest rules of English; a word that they do not know stays.
fn singular(name: &str) -> String {
    const SAME: [&str; 4] = ["news", "series", "species", "status"];
    const IRREGULAR: [(&str, &str); 6] = [
        ("people", "person"),
        ("children", "child"),
        ("movies", "movie"),
        ("cookies", "cookie"),
        ("statuses", "status"),
        ("buses", "bus"),
    ];
    const ENDINGS: [(&str, &str); 6] =
        [("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("zzes", "zz"), ("ies", "y")];
    let (start, word) = name.rsplit_once('_').map_or(("", name), |(start, word)| (start, word));
    let one = if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == word) {
        (*one).to_owned()
    } else if SAME.contains(&word) || word.len() < 3 {
        word.to_owned()
    } else if let Some((many, one)) = ENDINGS.iter().find(|(many, _)| word.len() > 4 && word.ends_with(many))
    {
        format!("{}{one}", &word[..word.len() - many.len()])
    } else if word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        word.to_owned()
    } else {
        word.strip_suffix('s').unwrap_or(word).to_owned()
    };
    if start.is_empty() { one } else { format!("{start}_{one}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_in_the_singular() {
        for (collection, row) in [
            ("posts", "Post"),
            ("blog_posts", "BlogPost"),
            ("categories", "Category"),
            ("addresses", "Address"),
            ("boxes", "Box"),
            ("houses", "House"),
            ("ties", "Tie"),
            ("movies", "Movie"),
            ("people", "Person"),
            ("weather", "Weather"),
            ("news", "News"),
            ("analysis", "Analysis"),
            ("s3_files", "S3File"),
            ("a", "A"),
        ] {
            assert_eq!(Names::default().row(collection), row, "{collection}");
        }
    }

    #[test]
    fn no_two_types_have_one_name() {
        let mut names = Names::default();
        names.schemas.insert("Problem".to_owned());
        assert_eq!(names.row("problems"), "ProblemRecord");
        assert_eq!(names.row("post"), "Post");
        assert_eq!(names.row("posts"), "PostRecord");
        assert_eq!(names.row("post_page"), "PostPageRecord");
        assert_eq!(names.schema("PostStatus"), "PostStatus");
        assert_eq!(names.schema("PostStatus"), "PostStatusValue");
    }

    #[test]
    fn no_two_operations_have_one_name() {
        let mut names = Names::default();
        names.operations.insert("collections_list".to_owned());
        assert_eq!(names.operations("collections"), "records_collections");
        assert_eq!(names.operations("records_collections"), "records_records_collections");
        assert_eq!(names.operations("posts"), "posts");
    }
}
