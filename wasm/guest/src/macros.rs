/// Makes functions tasks that the host may call by name. It stands once in a component.
///
/// A task is a function with one argument, or a tuple of them, or `()`. It has the function's name, or another one with `as`:
///
/// | Entry | Function | Travels |
/// |---|---|---|
/// | `double` | `fn(A) -> R` | in MessagePack |
/// | `json double` | `fn(A) -> R` | in JSON |
/// | `bytes brighten` | `fn(Vec<u8>) -> Vec<u8>` | as it is, neither encoded nor copied |
/// | `try parse`, `try json parse`, `try bytes parse` | `fn(A) -> Result<R, E>` with `E: Display` | in the same way; an error is the failure of the call |
/// | `path::to::function as "name"`, after any of these words | | |
///
/// `A` implements [`DeserializeOwned`](serde::de::DeserializeOwned), so it is `String` and not `&str`. `R` implements
/// [`Serialize`](serde::Serialize). If it implements `Deserialize` too, the host knows the shape of the result beforehand; otherwise it
/// learns of a wrong type only when it decodes one. A `&'static str` is fine, inside of another type write `String`.
///
/// A `Result` that is returned without `try` is a value like others: the call succeeds, and its result is `Ok` or `Err` on the
/// host's side too. Then `E` travels as well and has to implement what `R` does.
///
/// # What does not compile
///
/// ```compile_fail
/// // Two tasks have the same name.
/// raddle_guest::tasks![double, json double];
/// fn double(n: u64) -> u64 { 2 * n }
/// ```
///
/// ```compile_fail
/// // A path without a name.
/// raddle_guest::tasks![inner::double];
/// mod inner { pub fn double(n: u64) -> u64 { 2 * n } }
/// ```
///
/// ```compile_fail
/// // Two arguments: they have to be a tuple.
/// raddle_guest::tasks![add];
/// fn add(a: u64, b: u64) -> u64 { a + b }
/// ```
///
/// ```compile_fail
/// // The error cannot travel: `try parse` is meant.
/// raddle_guest::tasks![parse];
/// fn parse(text: String) -> Result<i64, std::num::ParseIntError> { text.parse() }
/// ```
///
/// # Examples
///
/// ```
/// use std::collections::BTreeMap;
///
/// raddle_guest::tasks![
///     words,
///     json words as "words-json",
///     try text::checked as "checked",
///     identity::<u64> as "same",
/// ];
///
/// fn words(text: String) -> BTreeMap<String, u32> {
///     let mut counts = BTreeMap::new();
///     for word in text.split_whitespace() {
///         *counts.entry(word.to_owned()).or_default() += 1;
///     }
///     counts
/// }
///
/// fn identity<T>(value: T) -> T {
///     value
/// }
///
/// mod text {
///     pub fn checked(text: String) -> Result<String, &'static str> {
///         if text.is_empty() { Err("no text") } else { Ok(text) }
///     }
/// }
/// ```
#[macro_export]
macro_rules! tasks {
    ($($tasks:tt)*) => {
        const _: () = {
            const TASKS: &[$crate::__private::Task] = $crate::__task_table!(@next [] $($tasks)*);
            $crate::__private::check_names(TASKS);
            $crate::__export!(TASKS);
        };
    };
}

/// `@next [done] rest`: takes one task of the rest. `@push [done] [kind] (function) (name) rest`: adds it to those done.
#[doc(hidden)]
#[macro_export]
macro_rules! __task_table {
    (@next [$($done:tt)*]) => { &[$($done)*] };
    (@next [$($done:tt)*] try json $task:ident $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [try Json] ($task) (::core::stringify!($task)) $($($rest)*)?)
    };
    (@next [$($done:tt)*] try json $task:path as $name:literal $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [try Json] ($task) ($name) $($($rest)*)?)
    };
    (@next [$($done:tt)*] try bytes $task:ident $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [try bytes] ($task) (::core::stringify!($task)) $($($rest)*)?)
    };
    (@next [$($done:tt)*] try bytes $task:path as $name:literal $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [try bytes] ($task) ($name) $($($rest)*)?)
    };
    (@next [$($done:tt)*] try $task:ident $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [try MessagePack] ($task) (::core::stringify!($task)) $($($rest)*)?)
    };
    (@next [$($done:tt)*] try $task:path as $name:literal $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [try MessagePack] ($task) ($name) $($($rest)*)?)
    };
    (@next [$($done:tt)*] json $task:ident $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [Json] ($task) (::core::stringify!($task)) $($($rest)*)?)
    };
    (@next [$($done:tt)*] json $task:path as $name:literal $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [Json] ($task) ($name) $($($rest)*)?)
    };
    (@next [$($done:tt)*] bytes $task:ident $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [bytes] ($task) (::core::stringify!($task)) $($($rest)*)?)
    };
    (@next [$($done:tt)*] bytes $task:path as $name:literal $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [bytes] ($task) ($name) $($($rest)*)?)
    };
    (@next [$($done:tt)*] $task:ident $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [MessagePack] ($task) (::core::stringify!($task)) $($($rest)*)?)
    };
    (@next [$($done:tt)*] $task:path as $name:literal $(, $($rest:tt)*)?) => {
        $crate::__task_table!(@push [$($done)*] [MessagePack] ($task) ($name) $($($rest)*)?)
    };
    (@next [$($done:tt)*] $($wrong:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "tasks!: a task is `function` or `path::to::function as \"name\"`, after `try`, `json`, `bytes`, `try json` or `try bytes` \
             if it is one; found: ",
            ::core::stringify!($($wrong)*)
        ))
    };

    (@push [$($done:tt)*] [bytes] ($task:path) ($name:expr) $($rest:tt)*) => {
        $crate::__task_table!(@next [$($done)* $crate::__private::Task {
            name: $name,
            encoding: $crate::encoding::Encoding::Bytes,
            argument: || ::std::string::String::from("bytes"),
            result: || ::std::string::String::from("bytes"),
            run: |argument| $crate::__private::run_bytes($task, argument),
        },] $($rest)*)
    };
    (@push [$($done:tt)*] [try bytes] ($task:path) ($name:expr) $($rest:tt)*) => {
        $crate::__task_table!(@next [$($done)* $crate::__private::Task {
            name: $name,
            encoding: $crate::encoding::Encoding::Bytes,
            argument: || ::std::string::String::from("bytes"),
            result: || ::std::string::String::from("bytes"),
            run: |argument| $crate::__private::run_try_bytes($task, argument),
        },] $($rest)*)
    };
    (@push [$($done:tt)*] [try $encoding:ident] ($task:path) ($name:expr) $($rest:tt)*) => {
        $crate::__task_table!(@next [$($done)* $crate::__private::Task {
            name: $name,
            encoding: $crate::encoding::Encoding::$encoding,
            argument: || $crate::__private::argument_shape($crate::encoding::Encoding::$encoding, $task),
            result: || {
                #[allow(unused_imports)]
                use $crate::__private::{Text as _, Traced as _, Untraced as _};
                (&&&$crate::__private::ResultOf::fallible($task)).shape($crate::encoding::Encoding::$encoding)
            },
            run: |argument| $crate::__private::run_try($crate::encoding::Encoding::$encoding, $task, argument),
        },] $($rest)*)
    };
    (@push [$($done:tt)*] [$encoding:ident] ($task:path) ($name:expr) $($rest:tt)*) => {
        $crate::__task_table!(@next [$($done)* $crate::__private::Task {
            name: $name,
            encoding: $crate::encoding::Encoding::$encoding,
            argument: || $crate::__private::argument_shape($crate::encoding::Encoding::$encoding, $task),
            result: || {
                #[allow(unused_imports)]
                use $crate::__private::{Text as _, Traced as _, Untraced as _};
                (&&&$crate::__private::ResultOf::plain($task)).shape($crate::encoding::Encoding::$encoding)
            },
            run: |argument| $crate::__private::run($crate::encoding::Encoding::$encoding, $task, argument),
        },] $($rest)*)
    };
}

/// The exports of the component.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($tasks:ident) => {
        struct Exports;

        impl $crate::__private::bindings::exports::raddle::guest::tasks::Guest for Exports {
            fn list() -> ::std::vec::Vec<$crate::__private::bindings::exports::raddle::guest::tasks::Task> {
                $crate::__private::exported_list($tasks)
            }

            fn call(
                task: ::core::primitive::u32,
                argument: ::std::vec::Vec<::core::primitive::u8>,
            ) -> ::core::result::Result<
                ::std::vec::Vec<::core::primitive::u8>,
                $crate::__private::bindings::exports::raddle::guest::tasks::Failure,
            > {
                $crate::__private::exported_call($tasks, task, argument)
            }
        }

        $crate::__private::bindings::export!(Exports with_types_in $crate::__private::bindings);
    };
}

/// A native build has no exports.
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($tasks:ident) => {};
}
