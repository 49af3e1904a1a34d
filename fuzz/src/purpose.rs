//! Panics that belong to a program, which pass in silence; every other one is a finding.

use std::any::Any;
use std::sync::Once;

const MARK: &str = "on purpose: ";

/// Panics as part of the program.
pub fn panic(what: &str) -> ! {
    panic!("{MARK}{what}")
}

/// The text of a panic that was on purpose.
pub fn text(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = match payload.downcast_ref::<String>() {
        Some(text) => text.as_str(),
        None => payload.downcast_ref::<&str>().copied()?,
    };
    text.contains(MARK).then_some(text)
}

/// Keeps those panics from the hook that is set, which under cargo-fuzz ends the process.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if text(info.payload()).is_none() {
                before(info);
            }
        }));
    });
}
