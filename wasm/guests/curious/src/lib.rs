//! Tasks that use what WASI can give. What a host does not give is the error of a task, or the end of the instance.

// What the library of the pool must not do is what these tasks are for.
#![allow(clippy::disallowed_methods)]

use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, mem, process, thread};

raddle_guest::tasks![
    well,
    try read_file,
    try write_file,
    try list_folder,
    try remove_file,
    try keep_open,
    env_var,
    env_all,
    args,
    try current_folder,
    now,
    instant,
    random,
    try connect,
    try listen,
    try udp,
    try resolve,
    try read_socket,
    try fill_socket,
    try accept,
    try receive,
    try print,
    try eprint,
    try read_line,
    sleep,
    exit,
    abort,
    try start_thread,
];

fn well(n: u64) -> u64 {
    n
}

fn read_file(path: String) -> io::Result<String> {
    fs::read_to_string(path)
}

fn write_file((path, text): (String, String)) -> io::Result<()> {
    File::create(path)?.write_all(text.as_bytes())
}

fn list_folder(path: String) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(path)?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

fn remove_file(path: String) -> io::Result<()> {
    fs::remove_file(path)
}

/// Opens a file so often, and keeps it open.
fn keep_open((path, times): (String, u64)) -> io::Result<u64> {
    for _ in 0..times {
        mem::forget(File::open(&path)?);
    }
    Ok(times)
}

fn env_var(name: String) -> Option<String> {
    env::var(name).ok()
}

fn env_all((): ()) -> Vec<(String, String)> {
    env::vars().collect()
}

fn args((): ()) -> Vec<String> {
    env::args().collect()
}

fn current_folder((): ()) -> io::Result<String> {
    env::current_dir().map(|path| path.display().to_string())
}

/// Nanoseconds since 1970.
fn now((): ()) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_nanos() as u64)
}

/// Nanoseconds between two looks at the clock.
fn instant((): ()) -> u64 {
    let before = Instant::now();
    before.elapsed().as_nanos() as u64
}

/// What the keys of a new `HashMap` are: they are random.
fn random((): ()) -> u64 {
    RandomState::new().build_hasher().finish()
}

fn connect(address: String) -> io::Result<()> {
    TcpStream::connect(address).map(drop)
}

fn listen(address: String) -> io::Result<()> {
    TcpListener::bind(address).map(drop)
}

fn udp(address: String) -> io::Result<()> {
    UdpSocket::bind(address).map(drop)
}

fn resolve(name: String) -> io::Result<Vec<String>> {
    let found = (name.as_str(), 80).to_socket_addrs()?;
    Ok(found.map(|address| address.to_string()).collect())
}

/// All that comes from there, until it ends.
fn read_socket(address: String) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    TcpStream::connect(address)?.read_to_end(&mut read)?;
    Ok(read)
}

/// Writes for as long as it can.
fn fill_socket(address: String) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    loop {
        stream.write_all(&[7; 1 << 16])?;
    }
}

/// Waits for a connection.
fn accept(address: String) -> io::Result<()> {
    TcpListener::bind(address)?.accept().map(drop)
}

/// Waits for a datagram.
fn receive(address: String) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 1 << 16];
    let length = UdpSocket::bind(address)?.recv(&mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

fn print(text: String) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn eprint(text: String) -> io::Result<()> {
    io::stderr().write_all(text.as_bytes())
}

/// The first line that the standard input has, at most 1000 bytes.
fn read_line((): ()) -> io::Result<String> {
    let mut text = Vec::new();
    let mut byte = [0];
    while text.len() < 1000 && io::stdin().read(&mut byte)? == 1 && byte[0] != b'\n' {
        text.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn sleep(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

fn exit(code: i32) {
    process::exit(code)
}

fn abort((): ()) {
    process::abort()
}

fn start_thread((): ()) -> io::Result<()> {
    thread::Builder::new().spawn(|| ()).map(drop)
}
