//! What the macro makes of functions.

use raddle_guest::__private::{Failure, Task, call, check_names};
use raddle_guest::encoding::{Encoding, decode, encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

mod inner {
    pub fn third(n: u32) -> u32 {
        n / 3
    }

    pub struct Counter;

    impl Counter {
        pub fn start(_: ()) -> u8 {
            0
        }
    }
}

fn double(n: u64) -> u64 {
    2 * n
}

fn nothing((): ()) {}

fn add((a, b): (i32, i32)) -> i32 {
    a + b
}

fn parse(text: String) -> Result<i64, std::num::ParseIntError> {
    text.parse()
}

fn checked(n: u8) -> Result<u8, String> {
    if n > 9 {
        Err(format!("{n} is too much"))
    } else {
        Ok(n)
    }
}

fn identity<T>(value: T) -> T {
    value
}

/// Names that the macro gives a meaning, where they are functions.
fn json(n: u8) -> u8 {
    n
}

fn bytes(n: u8) -> u8 {
    n
}

fn brighten(mut pixels: Vec<u8>) -> Vec<u8> {
    pixels
        .iter_mut()
        .for_each(|pixel| *pixel = pixel.saturating_add(1));
    pixels
}

fn strict(pixels: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    if pixels.is_empty() {
        Err("no pixels")
    } else {
        Ok(pixels)
    }
}

fn greeting((): ()) -> &'static str {
    "hello"
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Point {
    x: f64,
}

#[derive(Serialize)]
struct Sent {
    #[allow(dead_code)]
    x: f64,
}

fn send(point: Point) -> Sent {
    Sent { x: point.x }
}

fn refuses((): ()) -> Refuses {
    Refuses
}

struct Refuses;

impl Serialize for Refuses {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it refuses"))
    }
}

const TASKS: &[Task] = raddle_guest::__task_table!(
    @next []
    double,
    nothing,
    add,
    try parse as "parse-number",
    checked as "checked_value",
    try checked,
    inner::third as "third",
    inner::Counter::start as "start",
    identity::<Vec<u8>> as "identity",
    json,
    bytes,
    json double as "double-json",
    try json parse as "parse-json",
    bytes brighten,
    try bytes strict,
    bytes identity as "echo",
    greeting,
    send,
    json refuses,
    refuses as "refuses-too",
);

const _: () = check_names(TASKS);

// The whole macro, with and without a comma at its end. A native build has no exports, so it may stand here twice.
raddle_guest::tasks![double, try parse, json nothing];
raddle_guest::tasks![double, bytes brighten,];
raddle_guest::tasks![];

fn number(name: &str) -> u32 {
    let at = TASKS.iter().position(|task| task.name == name);
    at.unwrap_or_else(|| panic!("no task {name}")) as u32
}

fn ask<A: Serialize, R: DeserializeOwned>(name: &str, argument: A) -> Result<R, Failure> {
    let number = number(name);
    let encoding = TASKS[number as usize].encoding;
    let mut bytes = Vec::new();
    encode(encoding, &argument, &mut bytes).expect("an argument");
    let result = call(TASKS, number, bytes)?;
    Ok(decode(encoding, &result).expect("a result"))
}

#[test]
fn tasks_keep_their_order_and_names() {
    let names: Vec<&str> = TASKS.iter().map(|task| task.name).collect();
    assert_eq!(
        names,
        [
            "double",
            "nothing",
            "add",
            "parse-number",
            "checked_value",
            "checked",
            "third",
            "start",
            "identity",
            "json",
            "bytes",
            "double-json",
            "parse-json",
            "brighten",
            "strict",
            "echo",
            "greeting",
            "send",
            "refuses",
            "refuses-too",
        ]
    );
}

#[test]
fn tasks_have_encodings_and_shapes() {
    let task = |name: &str| {
        let task = &TASKS[number(name) as usize];
        (task.encoding, (task.argument)(), (task.result)())
    };
    let is = |name: &str, encoding: Encoding, argument: &str, result: &str| {
        assert_eq!(
            task(name),
            (encoding, argument.to_owned(), result.to_owned()),
            "{name}"
        );
    };
    is("double", Encoding::MessagePack, "u64", "u64");
    is("nothing", Encoding::MessagePack, "()", "()");
    is("add", Encoding::MessagePack, "(i32,i32)", "i32");
    is("parse-number", Encoding::MessagePack, "string", "i64");
    is("checked_value", Encoding::MessagePack, "u8", "<Ok|Err>");
    is("checked", Encoding::MessagePack, "u8", "u8");
    is("json", Encoding::MessagePack, "u8", "u8");
    is("double-json", Encoding::Json, "u64", "u64");
    is("parse-json", Encoding::Json, "string", "i64");
    is("brighten", Encoding::Bytes, "bytes", "bytes");
    is("strict", Encoding::Bytes, "bytes", "bytes");
    is("greeting", Encoding::MessagePack, "()", "string");
    // These cannot be deserialized.
    is("send", Encoding::MessagePack, "{x:f64}", "?");
    is("refuses", Encoding::Json, "()", "?");
}

#[test]
fn calls_have_results() {
    assert_eq!(ask("double", 21u64), Ok(42u64));
    assert_eq!(ask("double-json", 21u64), Ok(42u64));
    assert_eq!(ask("nothing", ()), Ok(()));
    assert_eq!(ask("add", (40, 2)), Ok(42));
    assert_eq!(ask("parse-number", "-7"), Ok(-7i64));
    assert_eq!(ask("parse-json", "-7"), Ok(-7i64));
    assert_eq!(ask("third", 9u32), Ok(3u32));
    assert_eq!(ask("start", ()), Ok(0u8));
    assert_eq!(ask("identity", [1u8, 2]), Ok(vec![1u8, 2]));
    assert_eq!(ask("greeting", ()), Ok("hello".to_owned()));
    assert_eq!(ask("send", Point { x: 1.0 }), Ok(Point { x: 1.0 }));
}

#[test]
fn an_error_is_a_failure_of_a_try_task_and_a_value_of_another() {
    let why = Failure::Failed("invalid digit found in string".to_owned());
    assert_eq!(ask::<_, i64>("parse-number", "seven"), Err(why));
    let why = Failure::Failed("12 is too much".to_owned());
    assert_eq!(ask::<_, u8>("checked", 12u8), Err(why));
    assert_eq!(ask("checked_value", 9u8), Ok(Ok::<u8, String>(9)));
    assert_eq!(
        ask("checked_value", 12u8),
        Ok(Err::<u8, String>("12 is too much".to_owned()))
    );
}

#[test]
fn bytes_pass_as_they_are() {
    let given = vec![1, 2, 255];
    let place = given.as_ptr();
    let result = call(TASKS, number("brighten"), given).expect("bytes");
    assert_eq!(result, [2, 3, 255]);
    assert_eq!(result.as_ptr(), place);
    assert_eq!(call(TASKS, number("echo"), vec![]), Ok(vec![]));
    assert_eq!(call(TASKS, number("strict"), vec![0]), Ok(vec![0]));
    let why = Failure::Failed("no pixels".to_owned());
    assert_eq!(call(TASKS, number("strict"), vec![]), Err(why));
}

#[test]
fn what_cannot_be_called_says_why() {
    let count = u32::try_from(TASKS.len()).expect("a few tasks");
    for number in [count, u32::MAX] {
        assert_eq!(call(TASKS, number, vec![]), Err(Failure::NoSuchTask));
    }
    for argument in [vec![], vec![0xa1, b'x'], vec![1, 1]] {
        let refused = call(TASKS, number("double"), argument);
        assert!(
            matches!(refused, Err(Failure::BadArgument(_))),
            "{refused:?}"
        );
    }
    let refused = call(TASKS, number("double-json"), b"\"x\"".to_vec());
    assert!(
        matches!(refused, Err(Failure::BadArgument(_))),
        "{refused:?}"
    );
    let why = Err::<(), _>(Failure::BadResult("it refuses".to_owned()));
    assert_eq!(ask("refuses", ()), why);
    assert_eq!(ask("refuses-too", ()), why);
}
