//! A headless Chromium, driven over its DevTools protocol.

use data_encoding::BASE64;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Names of the program, the first that there is.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A browser with one page and an empty profile.
pub struct Chrome {
    process: Child,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    calls: u64,
    /// What the page complained of: uncaught exceptions, errors in its console and files that did not load.
    pub complaints: Vec<String>,
    _profile: TempDir,
}

impl Chrome {
    /// Whether there is a browser to start.
    pub fn is_here() -> bool {
        program().is_some()
    }

    /// Starts one.
    pub fn start() -> Chrome {
        let profile = tempfile::tempdir().expect("a folder");
        let mut process = Command::new(program().expect("a browser"))
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--remote-debugging-port=0",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        let mut lines = BufReader::new(process.stderr.take().expect("a pipe")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, address) = line.split_once("DevTools listening on ")?;
                Some(address.trim().to_owned())
            })
            .expect("the browser says where it listens");
        // What else it says is not wanted, but must not fill the pipe.
        thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let host = address.split('/').nth(2).expect("a host");
        let stream = TcpStream::connect(host).expect("the browser listens");
        let (socket, _) = tungstenite::client(address.as_str(), stream).expect("a handshake");
        let stream = socket.get_ref();
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a time above zero");
        let mut chrome = Chrome {
            process,
            socket,
            session: None,
            calls: 0,
            complaints: Vec::new(),
            _profile: profile,
        };
        let target = chrome.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = chrome.call("Target.attachToTarget", attach);
        chrome.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            chrome.call(&format!("{domain}.enable"), json!({}));
        }
        chrome.size(1280, 900);
        chrome
    }

    /// Calls a method of the protocol and waits for its answer.
    ///
    /// # Panics
    ///
    /// If that is an error.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        let answer = self.ask(method, parameters);
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let message = Message::text(message.to_string());
        self.socket.send(message).expect("the browser listens");
        loop {
            let answer = self.next(method);
            if answer["id"] == json!(id) {
                return match &answer["error"] {
                    Value::Null => Ok(answer["result"].clone()),
                    error => Err(error.clone()),
                };
            }
            self.hear(&answer);
        }
    }

    fn next(&mut self, waiting_for: &str) -> Value {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return serde_json::from_str(&text).expect("JSON"),
                Ok(_) => {}
                // Whoever stops this process for a while interrupts it.
                Err(tungstenite::Error::Io(error)) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("no answer to {waiting_for}: {error}"),
            }
        }
    }

    fn hear(&mut self, event: &Value) {
        let parameters = &event["params"];
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                let details = &parameters["exceptionDetails"];
                let text = details["exception"]["description"].as_str();
                self.complaints
                    .push(text.unwrap_or("an exception").to_owned());
            }
            Some("Runtime.consoleAPICalled")
                if ["error", "warning", "assert"]
                    .iter()
                    .any(|kind| parameters["type"] == *kind) =>
            {
                self.complaints.push(parameters["args"].to_string());
            }
            Some("Log.entryAdded") => self.complaints.push(parameters["entry"].to_string()),
            Some("Network.loadingFailed") => self.complaints.push(parameters.to_string()),
            _ => {}
        }
    }

    /// Opens a page and waits until all of its scripts ran.
    pub fn open(&mut self, address: &str) {
        // The same page with another fragment is not loaded again by itself.
        self.call("Page.navigate", json!({"url": "about:blank"}));
        self.call("Page.navigate", json!({"url": address}));
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'");
        self.settle();
    }

    /// Waits until what the page began for its next frames is done.
    pub fn settle(&mut self) {
        self.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))");
    }

    /// The value of an expression, awaited.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub fn eval(&mut self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        let result = self.call("Runtime.evaluate", parameters);
        let failed = &result["exceptionDetails"];
        assert!(failed.is_null(), "{expression}: {failed}");
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn wait(&mut self, expression: &str) {
        let looked = format!("Promise.resolve({expression}).then(Boolean)");
        // Every look takes a way to the browser and back.
        for _ in 0..2000 {
            // A page that is on its way out answers with an error.
            let parameters = json!({
                "expression": format!("new Promise(done => setTimeout(() => done({looked}), 10))"),
                "awaitPromise": true, "returnByValue": true,
            });
            if self
                .ask("Runtime.evaluate", parameters)
                .is_ok_and(|found| found["result"]["value"] == json!(true))
            {
                return;
            }
        }
        panic!("{expression} does not become true");
    }

    /// Presses and releases a key by the name that pages know it by.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            " " => (32, " "),
            "End" => (35, ""),
            "Home" => (36, ""),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            "ArrowRight" => (39, ""),
            "ArrowDown" => (40, ""),
            _ => (0, key),
        };
        let event = |kind: &str| {
            json!({
                "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code,
            })
        };
        self.call("Input.dispatchKeyEvent", event("keyDown"));
        let mut up = event("keyUp");
        up["text"] = json!("");
        self.call("Input.dispatchKeyEvent", up);
    }

    /// Clicks at a place of the window.
    pub fn click(&mut self, x: f64, y: f64) {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({"type": kind, "x": x, "y": y, "button": button, "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Gives the window a size.
    pub fn size(&mut self, width: u32, height: u32) {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// What the system is said to prefer: `light` or `dark`.
    pub fn prefer(&mut self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// A picture of the whole page.
    pub fn screenshot(&mut self, file: &Path) {
        self.settle();
        let shot = json!({"format": "png", "captureBeyondViewport": true});
        let picture = self.call("Page.captureScreenshot", shot);
        save(file, &picture);
    }

    /// The page as it is printed.
    pub fn print(&mut self, file: &Path) {
        let print = json!({"preferCSSPageSize": true, "paperWidth": 8.27, "paperHeight": 11.69});
        let printed = self.call("Page.printToPDF", print);
        save(file, &printed);
    }
}

fn save(file: &Path, answer: &Value) {
    let data = answer["data"].as_str().expect("data in base64");
    let data = BASE64.decode(data.as_bytes()).expect("base64");
    fs::write(file, data).expect("a file is written");
}

fn program() -> Option<&'static str> {
    PROGRAMS.into_iter().find(|program| {
        let found = Command::new(program).arg("--version").output();
        found.is_ok_and(|output| output.status.success())
    })
}

impl Drop for Chrome {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
