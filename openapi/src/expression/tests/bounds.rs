//! No input costs more than it should.

use std::time::{Duration, Instant};

use super::fixture::*;
use crate::expression::*;

fn code(source: &str) -> ErrorCode {
    let started = Instant::now();
    let error = refused(source);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    error.code
}

#[test]
fn length() {
    let fits = format!("title = \"{}\"", "x".repeat(MAX_LENGTH - 10));
    assert_eq!(fits.len(), MAX_LENGTH);
    filter(&fits);
    assert_eq!(code(&format!("{fits} ")), ErrorCode::TooLong);
    assert_eq!(code(&"(".repeat(1_000_000)), ErrorCode::TooLong);
}

#[test]
fn depth() {
    let nested = |depth: usize| format!("{}published{}", "(".repeat(depth), ")".repeat(depth));
    filter(&nested(MAX_DEPTH));
    assert_eq!(code(&nested(MAX_DEPTH + 1)), ErrorCode::TooDeep);
    for open in ["(", "not ", "lower(", "exists(rooms, ", "$", "a.", "a[0]", "[", "in [", "-", "@now - "] {
        let source = open.repeat(MAX_LENGTH / open.len());
        refused(&source);
        refused(&format!("title = {}", &source[..source.len() - 16]));
    }
    filter(&format!("{}published", "not ".repeat(MAX_DEPTH)));
    assert_eq!(code(&format!("{}published", "not ".repeat(MAX_DEPTH + 1))), ErrorCode::TooDeep);
    assert_eq!(code(&format!("{}title{} = \"x\"", "lower(".repeat(9), ")".repeat(9))), ErrorCode::TooDeep);
}

#[test]
fn nested_exists() {
    filter("exists(rooms, exists(rooms, true))");
    assert_eq!(code("exists(rooms, exists(rooms, exists(rooms, true)))"), ErrorCode::TooDeep);
}

#[test]
fn terms() {
    let terms = |count: usize| vec!["score=1"; count].join(" or ");
    filter(&terms(MAX_TERMS));
    assert_eq!(code(&terms(MAX_TERMS + 1)), ErrorCode::TooManyTerms);
    let listed = |count: usize| format!("title in [{}]", vec!["title"; count].join(","));
    filter(&listed(MAX_TERMS - 1));
    assert_eq!(code(&listed(MAX_TERMS)), ErrorCode::TooManyTerms);
}

#[test]
fn lists() {
    let list = |count: usize| format!("score in [{}]", vec!["1"; count].join(","));
    filter(&list(MAX_LIST));
    assert_eq!(code(&list(MAX_LIST + 1)), ErrorCode::ListTooLong);
}

#[test]
fn paths() {
    filter("parent.parent.parent.title = \"x\"");
    assert_eq!(code("parent.parent.parent.parent.title = \"x\""), ErrorCode::TooDeep);
    filter(&format!("meta{} = 1", ".a".repeat(MAX_JSON_PATH)));
    assert_eq!(code(&format!("meta{} = 1", ".a".repeat(MAX_JSON_PATH + 1))), ErrorCode::TooDeep);
    assert_eq!(code(&format!("meta{} = 1", "[0]".repeat(2_000))), ErrorCode::TooDeep);
}
