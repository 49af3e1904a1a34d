//! A static site from the documents that benchmark runs leave behind.
//!
//! [`setup`] sorts the runs of a folder into those that may be compared, [`history`] turns a setup's runs into one
//! history per benchmark, [`shift`] and [`latest`] judge those, and [`site`] writes the pages: text and tables from
//! the templates, charts from the data that each page carries.

pub mod figure;
pub mod history;
pub mod latest;
pub mod look;
pub mod setup;
pub mod shift;
pub mod site;

pub use raddle_document as document;
pub use raddle_document::statistics;
