//! The component's side: what the world of `wit/raddle.wit` exports and imports.

use std::panic::PanicHookInfo;
use std::sync::Once;

use crate::encoding::Encoding;
use crate::task::{self, Task};

/// Made from `wit/raddle.wit`.
#[allow(clippy::all, clippy::undocumented_unsafe_blocks)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit",
        world: "guest",
        pub_export_macro: true,
        default_bindings_module: "raddle_guest::__private::bindings",
        runtime_path: "::raddle_guest::__private::wit_bindgen::rt",
    });
}

use bindings::exports::raddle::guest::tasks as exported;
use bindings::raddle::guest::host;

pub fn list(tasks: &[Task]) -> Vec<exported::Task> {
    tell_of_panics();
    let list = tasks.iter().map(|task| exported::Task {
        name: task.name.to_owned(),
        encoding: match task.encoding {
            Encoding::MessagePack => exported::Encoding::MessagePack,
            Encoding::Json => exported::Encoding::Json,
            Encoding::Bytes => exported::Encoding::Bytes,
        },
        argument: (task.argument)(),
        result: (task.result)(),
    });
    list.collect()
}

pub fn call(tasks: &[Task], number: u32, argument: Vec<u8>) -> Result<Vec<u8>, exported::Failure> {
    tell_of_panics();
    task::call(tasks, number, argument).map_err(|failure| match failure {
        task::Failure::NoSuchTask => exported::Failure::NoSuchTask,
        task::Failure::BadArgument(why) => exported::Failure::BadArgument(why),
        task::Failure::BadResult(why) => exported::Failure::BadResult(why),
        task::Failure::Failed(why) => exported::Failure::Failed(why),
    })
}

/// Has the host told what each panic says. It replaces the hook that writes to the standard error, which a host need not give.
fn tell_of_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| std::panic::set_hook(Box::new(tell)));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message = match payload.downcast_ref::<String>() {
        Some(message) => message.as_str(),
        None => payload
            .downcast_ref::<&str>()
            .copied()
            .unwrap_or("a value that is no text"),
    };
    match panic.location() {
        Some(location) => host::panicked(&format!("{location}: {message}")),
        None => host::panicked(message),
    }
}
