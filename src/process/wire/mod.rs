//! What travels between the parent and a worker. [`region`] gives the codec access to shared memory. [`form`] chooses the form of
//! a type. [`outcome`] is the content of a reply. [`in_place`] has the payloads that are not decoded.

pub mod attach;
pub mod form;
pub mod in_place;
pub mod outcome;
pub mod region;
