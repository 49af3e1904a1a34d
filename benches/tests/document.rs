//! The published schema and the example are those of the types.

use raddle_benches::document::file::{Unreadable, read_folder};
use raddle_benches::document::{Document, schema};
use std::path::{Path, PathBuf};

fn published(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schema")
        .join(name)
}

fn example() -> Document {
    Document::read(&published("example.json")).expect("the example is a document")
}

/// `RADDLE_BLESS=1 cargo test -p raddle-benches --test document` writes both files anew.
fn is_published(name: &str, text: &str) {
    let path = published(name);
    if std::env::var_os("RADDLE_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert!(
        found == text,
        "{} is not what the types say",
        path.display()
    );
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    is_published("run-1.json", &schema());
}

/// Every field that the schema asks for is in the example, and no other: what is written is what was read.
#[test]
fn the_example_is_as_it_would_be_written() {
    is_published("example.json", &example().to_json());
}

#[test]
fn another_version_is_refused_by_name() {
    let text = example().to_json().replace("raddle-run/1", "raddle-run/2");
    let refused = Document::parse(&text).unwrap_err();
    assert!(matches!(refused, Unreadable::Schema(ref found) if found == "raddle-run/2"));
    assert!(refused.to_string().contains("raddle-run/1"));
}

#[test]
fn fields_of_later_writers_are_passed_over() {
    let text = example().to_json().replacen('{', "{\"later\": [1, {}],", 1);
    assert_eq!(Document::parse(&text).unwrap(), example());
}

#[test]
fn a_folder_is_read_by_time_and_what_is_no_document_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut document = example();
    for second in [3, 1, 2] {
        document.run.started = format!("2026-11-21T15:04:0{second}Z");
        let path = document.write_into(folder.path()).unwrap();
        assert_eq!(
            path.file_name().unwrap().to_str().unwrap(),
            document.file_name()
        );
    }
    std::fs::write(folder.path().join("other.json"), "{}").unwrap();
    let found = read_folder(folder.path()).unwrap();
    let started = found
        .documents
        .iter()
        .map(|(_, document)| &document.run.started[..]);
    assert!(started.is_sorted());
    assert_eq!((found.documents.len(), found.unreadable.len()), (3, 1));
}
