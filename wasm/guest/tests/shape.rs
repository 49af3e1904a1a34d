//! What types look like, and which of them agree.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroI8, NonZeroU64, Wrapping};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use raddle_guest::encoding::Encoding;
use raddle_guest::shape::{agree, of, of_encoded};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

#[track_caller]
fn is<T: DeserializeOwned>(shape: &str) {
    assert_eq!(of::<T>(), shape);
    assert!(agree(shape, shape) && agree(shape, "?"), "{shape}");
    // The text can be read: what differs in one place no longer agrees.
    if shape != "?" {
        assert!(
            agree(&format!("({shape},?)"), &format!("({shape},u8)")),
            "{shape}"
        );
        assert!(
            !agree(&format!("({shape},u8)"), &format!("({shape},i8)")),
            "{shape}"
        );
    }
}

#[test]
fn primitives() {
    is::<bool>("bool");
    is::<i8>("i8");
    is::<i16>("i16");
    is::<i32>("i32");
    is::<i64>("i64");
    is::<i128>("i128");
    is::<u8>("u8");
    is::<u16>("u16");
    is::<u32>("u32");
    is::<u64>("u64");
    is::<u128>("u128");
    is::<usize>("u64");
    is::<isize>("i64");
    is::<f32>("f32");
    is::<f64>("f64");
    is::<char>("char");
    is::<String>("string");
    is::<Box<str>>("string");
    is::<PathBuf>("string");
    is::<()>("()");
    is::<PhantomData<u8>>("unit");
    is::<serde_bytes::ByteBuf>("bytes");
}

#[test]
fn compounds() {
    is::<Vec<u8>>("[u8]");
    is::<Option<u64>>("u64?");
    is::<Option<Option<u64>>>("u64??");
    is::<Vec<Option<String>>>("[string?]");
    is::<Option<Vec<String>>>("[string]?");
    is::<(u64, String)>("(u64,string)");
    is::<(u64,)>("(u64)");
    is::<[u8; 0]>("(?;0)");
    is::<[u8; 3]>("(u8,u8,u8)");
    is::<[u8; 32]>("(u8;32)");
    is::<[(u8, bool); 17]>("((u8,bool);17)");
    is::<HashMap<String, Vec<f64>>>("[string:[f64]]");
    is::<BTreeMap<(u8, u8), ()>>("[(u8,u8):()]");
    is::<BTreeSet<char>>("[char]");
    is::<Box<RefCell<Wrapping<u16>>>>("u16");
    is::<Result<u8, String>>("<Ok|Err>");
    is::<Duration>("{secs:u64,nanos:u32}");
    is::<SystemTime>("{secs_since_epoch:u64,nanos_since_epoch:u32}");
    is::<std::ops::Range<u8>>("{start:u8,end:u8}");
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Metres(f64);

#[derive(Deserialize)]
#[allow(dead_code)]
struct Pair<T>(T, T);

#[derive(Deserialize)]
struct Marker;

#[derive(Deserialize)]
struct Empty {}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Figure {
    Nothing,
    Circle(f64),
    Line(Point, Point),
    Text { at: Point, text: String },
}

#[derive(Deserialize)]
enum Never {}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(dead_code)]
struct Renamed {
    first_name: u8,
    #[serde(rename = "a,b:\"c\"?")]
    odd: u8,
    #[serde(rename = "")]
    none: u8,
    #[serde(skip)]
    skipped: u8,
    #[serde(default)]
    größe: u8,
}

#[test]
fn what_is_derived() {
    is::<Point>("{x:f64,y:f64}");
    is::<Metres>("f64");
    is::<Pair<Pair<u8>>>("((u8,u8),(u8,u8))");
    is::<Marker>("unit");
    is::<Empty>("{}");
    is::<Figure>("<Nothing|Circle|Line|Text>");
    is::<Never>("<>");
    is::<(Never, u8)>("(<>,?)");
    is::<Vec<Figure>>("[<Nothing|Circle|Line|Text>]");
    is::<Renamed>(r#"{first-name:u8,"a,b:\"c\"?":u8,"":u8,größe:u8}"#);
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Node {
    left: Option<Box<Node>>,
    value: u64,
    right: Option<Box<Node>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Folder {
    children: BTreeMap<String, Folder>,
    links: Vec<Folder>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Term {
    Sum(Box<Term>, Box<Term>),
    Negative { of: Box<Term> },
    Number(f64),
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Programme {
    term: Term,
    name: String,
}

/// No value of it is finite.
#[derive(Deserialize)]
#[allow(dead_code)]
struct Endless {
    next: Box<Endless>,
    value: u8,
}

/// Ten ways to contain itself.
#[derive(Deserialize)]
#[allow(dead_code)]
struct Bush {
    a: Vec<Bush>,
    b: Vec<Bush>,
    c: Vec<Bush>,
    d: Option<Box<Bush>>,
    e: Option<Box<Bush>>,
    f: Option<Box<Bush>>,
    g: Vec<(u8, Bush)>,
    h: Option<Box<Bush>>,
    i: Option<Box<Bush>>,
    j: Vec<Bush>,
    last: u8,
}

#[test]
fn types_that_contain_themselves() {
    is::<Node>(
        "{left:{left:??,value:u64,right:??}?,value:u64,right:{left:??,value:u64,right:??}?}",
    );
    is::<Folder>(
        "{children:[string:{children:[string:?],links:[?]}],links:[{children:[string:?],links:[?]}]}",
    );
    is::<Term>("<Sum|Negative|Number>");
    is::<Programme>("{term:<Sum|Negative|Number>,name:string}");
    is::<Endless>("{next:{next:?,value:u8},value:u8}");
    let bush = of::<Bush>();
    assert!(
        bush.ends_with(",last:u8}") && bush.matches("last:u8").count() == 11,
        "{bush}"
    );
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Flattened {
    id: u64,
    #[serde(flatten)]
    point: Point,
}

#[derive(Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
enum Untagged {
    Number(u64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(tag = "kind")]
#[allow(dead_code)]
enum Tagged {
    A { x: u8 },
}

#[derive(Deserialize)]
#[serde(tag = "kind", content = "with")]
#[allow(dead_code)]
enum Adjacent {
    A { x: u8 },
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Mixed {
    value: serde_json::Value,
    tagged: Tagged,
    untagged: Untagged,
    flattened: Flattened,
    name: String,
}

#[test]
fn what_takes_anything_is_unknown() {
    is::<serde_json::Value>("?");
    is::<Vec<serde_json::Value>>("[?]");
    is::<Untagged>("?");
    is::<Tagged>("?");
    is::<Flattened>("?");
    is::<Mixed>("{value:?,tagged:?,untagged:?,flattened:?,name:string}");
    is::<serde::de::IgnoredAny>("?");
    assert!(
        agree(&of::<Adjacent>(), "{kind:<A>,with:?}"),
        "{}",
        of::<Adjacent>()
    );
}

/// An even number.
struct Even;

impl<'de> Deserialize<'de> for Even {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match u32::deserialize(from)? % 2 {
            0 => Ok(Self),
            _ => Err(D::Error::custom("odd")),
        }
    }
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Choosy {
    even: Even,
    also: Option<Even>,
    many: Vec<Even>,
    map: BTreeMap<u8, Even>,
    deep: Point,
    inner: Inner,
    name: String,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Inner {
    a: u8,
    even: Even,
    b: u8,
}

#[test]
fn types_that_refuse_some_values() {
    is::<NonZeroU64>("u64");
    is::<(NonZeroI8, bool)>("(i8,bool)");
    is::<IpAddr>("<V4|V6>");
    is::<(SocketAddr, bool)>("(<V4|V6>,bool)");
    assert_eq!(of_encoded::<IpAddr>(Encoding::Json), "string");
    assert_eq!(of_encoded::<Vec<u8>>(Encoding::Bytes), "bytes");
    is::<Even>("u32");
    is::<(u8, Even, u8)>("(u8,u32,?)");
    is::<(u8, Option<Even>, u8)>("(u8,u32?,u8)");
    is::<Choosy>(
        "{even:u32,also:u32?,many:[u32],map:[u8:u32],deep:{x:f64,y:f64},inner:{a:u8,even:u32,b:u8},name:string}",
    );
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Aliases {
    #[serde(alias = "a", alias = "z")]
    name: u8,
    #[serde(alias = "old")]
    value: u16,
}

#[test]
fn an_alias_is_no_field() {
    is::<Aliases>("{name:u8,value:u16}");
}

struct Panics;

impl<'de> Deserialize<'de> for Panics {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("a type that cannot be made up");
    }
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Nested {
    before: u8,
    panics: Panics,
    after: u8,
}

#[test]
fn a_panic_leaves_what_was_known() {
    is::<Panics>("?");
    is::<Nested>("{before:u8,panics:?,after:?}");
}

#[test]
fn unknown_agrees_with_anything() {
    for shape in [
        "u8",
        "u8?",
        "[u8]",
        "{x:u8}",
        "<A>",
        "()",
        "[u8:u8]",
        "?",
        "nonsense-word",
    ] {
        assert!(agree("?", shape) && agree(shape, "?"), "{shape}");
        let (left, right) = (format!("[({shape},?)]"), format!("[(?,{shape})]"));
        assert!(agree(&left, &right), "{shape}");
    }
    assert!(agree("{a:?,b:u8}", "{a:[u8],b:?}"));
    assert!(agree("??", "u8?"));
    assert!(!agree("??", "u8"));
}

#[test]
fn order_of_names_does_not_matter() {
    assert!(agree("{x:f64,y:u8}", "{y:u8,x:f64}"));
    assert!(agree("<A|B>", "<B|A>"));
    assert!(agree(r#"{"x":f64}"#, "{x:f64}"));
    assert!(!agree("(f64,u8)", "(u8,f64)"));
}

#[test]
fn what_differs_does_not_agree() {
    let shapes = [
        "u8",
        "i8",
        "char",
        "string",
        "bytes",
        "()",
        "u8?",
        "u8??",
        "[u8]",
        "[u8?]",
        "[u8:u8]",
        "(u8)",
        "(u8,u8)",
        "(u8;3)",
        "{u8:u8}",
        "{x:u8}",
        "{x:i8}",
        "{x:u8,y:u8}",
        "<A>",
        "<A|B>",
        "<>",
        "{}",
    ];
    for (at, a) in shapes.iter().enumerate() {
        for (other, b) in shapes.iter().enumerate() {
            assert_eq!(agree(a, b), at == other, "{a} {b}");
        }
    }
    assert!(agree("(u8;3)", "(u8,u8,u8)"));
    assert!(!agree("(u8;3)", "(u8,u8,i8)"));
}

#[test]
fn a_text_that_is_no_shape_agrees_with_itself_alone() {
    let deep = "[".repeat(1_000_000);
    let options = format!("u8{}", "?".repeat(1_000_000));
    for text in [
        "",
        " ",
        "[u8",
        "(u8,)",
        "{x}",
        "{x:}",
        "<A|>",
        "u8]",
        "[u8:u8:u8]",
        "(u8;x)",
        "{\"x:u8}",
        &deep,
        &options,
    ] {
        assert!(agree(text, text));
        assert!(!agree(text, "u8"));
        assert!(!agree("?", text));
    }
}
