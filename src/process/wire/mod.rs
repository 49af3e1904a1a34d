//! What crosses between the parent and a worker: [`region`] gives the codec its way into shared memory, [`form`] chooses the
//! form of a type, [`outcome`] is what a worker replies with, [`in_place`] are payloads that nobody decodes.

pub mod form;
pub mod in_place;
pub mod outcome;
pub mod region;
