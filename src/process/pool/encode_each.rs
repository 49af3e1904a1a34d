//! Describes the items of a chunk one by one, so that each item has an error of its own. For a chunk that cannot be encoded as a
//! whole.

use crate::codec::{Description, Part, PayloadError, PayloadReason, PayloadStage};
use crate::error::TaskError;
use crate::future::Future;
use crate::report::{self, message_of};
use serde::Serialize;
use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Was the task not sent because its argument could not be encoded?
#[inline]
pub fn is_unencodable<T>(task: &Future<T>) -> bool {
    match task.error() {
        Some(TaskError::Payload(error)) => error.stage() == PayloadStage::EncodeArgument,
        _ => false,
    }
}

/// Returns the description of each item, or why it cannot be encoded. Runs the user's `Serialize` and contains its panics.
#[cold]
pub fn encode_each<A: Serialize>(chunk: Vec<A>) -> Vec<Result<Description, PayloadError>> {
    let one = |item: A| {
        // UNWIND: the user's Serialize. Only its own values can be half-made.
        let described = catch_unwind(AssertUnwindSafe(|| Description::of(&item, Part::Argument)));
        let described = match described {
            Ok(described) => described,
            Err(payload) => {
                let message = format!("it panicked: {}", message_of(&*payload));
                report::contain_drop("panic payload", || drop(payload));
                let reason = PayloadReason::Custom(message);
                let stage = PayloadStage::EncodeArgument;
                Err(PayloadError::new(stage, type_name::<A>(), reason))
            }
        };
        report::contain_drop("argument", || drop(item));
        described
    };
    chunk.into_iter().map(one).collect()
}
