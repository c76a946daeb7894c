//! A person's browser: headless Chromium, driven through chromedriver. It does what a person can do, and waits as a person would, until
//! something is to be seen.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions},
    error::{CmdError, ErrorStatus},
    wd::WindowHandle,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::PATIENCE;

/// Set to anything, it leaves the browser tests out.
const WITHOUT: &str = "ORCH_TEST_WITHOUT_BROWSER";
const HOW_TO_MEND: &str = "The chat page can't be tested without it.\n\
    !!! Install it:  apt-get install chromium chromium-driver   (bin-scripts/test.sh does)\n\
    !!! or leave these tests out:  ORCH_TEST_WITHOUT_BROWSER=1\n";
/// How often it is looked whether something is there.
const GLANCE: Duration = Duration::from_millis(50);
const KEY_ENTER: &str = "\u{e007}";
const KEY_SHIFT: char = '\u{e008}';
const KEY_TAB: char = '\u{e004}';

/// A window on the page, with whatever has to run behind it.
pub(super) struct Browser {
    client: Client,
    /// Ends Chromium, even if the test panics.
    _driver: Driver,
}

/// Chromedriver; Chromium is its child.
struct Driver {
    process: Child,
    port: u16,
    /// Chromium's profile: fresh for each test.
    profile: TempDir,
}

impl Browser {
    /// Starts a browser with a window of this size; `None` where browser tests are switched off.
    ///
    /// # Panics
    ///
    /// If there is no browser on this machine and nobody has said that this is all right.
    pub(super) async fn start(width: u32, height: u32) -> Option<Self> {
        let driver = Driver::start()?;
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--lang=en-GB".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", driver.profile.path().display()),
        ];
        let mut options = json!({"args": arguments});
        if width < 500 {
            // A window is never that narrow, but a phone is.
            options["mobileEmulation"] =
                json!({"deviceMetrics": {"width": width, "height": height, "pixelRatio": 1.0, "touch": true, "mobile": true}});
        }
        let Value::Object(wishes) = json!({"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}) else {
            unreachable!("it is an object")
        };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wishes);
        let client = builder.connect(&format!("http://127.0.0.1:{}", driver.port)).await;
        let client = client.unwrap_or_else(|error| panic!("\n!!! Chromium does not start ({error}). {HOW_TO_MEND}"));
        Some(Self { client, _driver: driver })
    }

    /// Opens an address.
    pub(super) async fn open(&self, url: &str) {
        self.client.goto(url).await.expect("the page opens");
    }

    /// Waits until an element is to be seen.
    pub(super) async fn see(&self, xpath: &str) {
        self.try_until(xpath, async |element| if element.is_displayed().await? { Ok(Some(())) } else { Ok(None) }).await;
    }

    /// Waits until an element is there, and gives its text as a person reads it.
    pub(super) async fn read(&self, xpath: &str) -> String {
        self.try_until(xpath, async |element| element.text().await.map(Some)).await
    }

    /// Waits until an element can be clicked, and clicks it.
    pub(super) async fn click(&self, xpath: &str) {
        self.try_until(xpath, async |element| element.click().await.map(Some)).await;
    }

    /// Types into an element, once it can be typed into.
    pub(super) async fn type_into(&self, xpath: &str, text: &str) {
        self.try_until(xpath, async |element| element.send_keys(text).await.map(Some)).await;
    }

    /// Types into an element and presses Enter.
    pub(super) async fn enter_into(&self, xpath: &str, text: &str) {
        self.type_into(xpath, &format!("{text}{KEY_ENTER}")).await;
    }

    /// Presses keys on whatever has the focus.
    pub(super) async fn press(&self, keys: &str) {
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.send_keys(keys).await.expect("it takes keys");
    }

    /// Goes back to where Tab would have come from.
    pub(super) async fn tab_back(&self) {
        let keys = [
            KeyAction::Down { value: KEY_SHIFT },
            KeyAction::Down { value: KEY_TAB },
            KeyAction::Up { value: KEY_TAB },
            KeyAction::Up { value: KEY_SHIFT },
        ];
        let typed = keys.into_iter().fold(KeyActions::new("keyboard".to_owned()), KeyActions::then);
        self.client.perform_actions(typed).await.expect("keys can be pressed");
    }

    /// Whether an element is to be seen now.
    pub(super) async fn sees(&self, xpath: &str) -> bool {
        match self.client.find(Locator::XPath(xpath)).await {
            Ok(element) => element.is_displayed().await.unwrap_or(false),
            Err(_) => false,
        }
    }

    /// Waits until an element is no longer to be seen.
    pub(super) async fn lose(&self, xpath: &str) {
        let started = Instant::now();
        while self.sees(xpath).await {
            assert!(started.elapsed() < PATIENCE, "{xpath} did not go");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Runs a script in the page: the body of a function.
    pub(super) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("the script runs")
    }

    /// Waits until a script gives a value.
    pub(super) async fn until(&self, script: &str, wanted: impl Into<Value>) {
        let (wanted, started) = (wanted.into(), Instant::now());
        loop {
            let given = self.run(script).await;
            if given == wanted {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "`{script}` gives {given}, not {wanted}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Runs a script that calls its last argument with what it gives.
    pub(super) async fn run_to_end(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.expect("the script ends")
    }

    /// Goes over to the window that a click has opened.
    pub(super) async fn go_to_new_window(&self) {
        let before = self.client.window().await.expect("a window");
        let started = Instant::now();
        loop {
            let windows = self.client.windows().await.expect("the windows");
            if let Some(new) = windows.into_iter().find(|window| *window != before) {
                return self.client.switch_to_window(new).await.expect("the new window");
            }
            assert!(started.elapsed() < PATIENCE, "no window was opened");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Opens another window beside this one, goes there, and gives the way back.
    pub(super) async fn open_beside(&self, url: &str) -> WindowHandle {
        let here = self.client.window().await.expect("a window");
        let new = self.client.new_window(true).await.expect("another window");
        self.client.switch_to_window(new.handle).await.expect("it is there");
        self.open(url).await;
        here
    }

    /// Goes to a window that is open.
    pub(super) async fn go_to_window(&self, window: &WindowHandle) {
        self.client.switch_to_window(window.clone()).await.expect("it is there");
    }

    /// Ends the browser, so that what it shows can't be what a test leaves behind.
    pub(super) async fn close(self) {
        self.client.close().await.expect("the browser ends");
    }

    /// Does something with an element until it can be done: the page replaces a message that changes, and moves while it grows.
    async fn try_until<T>(&self, xpath: &str, mut act: impl AsyncFnMut(fantoccini::elements::Element) -> Result<Option<T>, CmdError>) -> T {
        let started = Instant::now();
        loop {
            let done = match self.client.find(Locator::XPath(xpath)).await {
                Ok(element) => act(element).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(Some(done)) => return done,
                Ok(None) => {}
                Err(CmdError::Standard(error)) if is_passing(&error.error) => {}
                Err(error) => panic!("{xpath}: {error}"),
            }
            if started.elapsed() > PATIENCE {
                let shown = self.client.find(Locator::Css("body")).await;
                let text = if let Ok(body) = shown { body.text().await.unwrap_or_default() } else { String::new() };
                panic!("{xpath} did not come. The page shows:\n{text}");
            }
            tokio::time::sleep(GLANCE).await;
        }
    }
}

/// Whether an error only says that the page is not there yet, or that it has just changed.
fn is_passing(error: &ErrorStatus) -> bool {
    matches!(
        error,
        ErrorStatus::NoSuchElement
            | ErrorStatus::StaleElementReference
            | ErrorStatus::ElementNotInteractable
            | ErrorStatus::ElementClickIntercepted
    )
}

impl Driver {
    #[expect(clippy::disallowed_methods, reason = "a browser is no agent, and whoever runs the tests says whether it is wanted")]
    fn start() -> Option<Self> {
        if env::var_os(WITHOUT).is_some() {
            eprintln!("\n!!! NOT TESTED: the chat page in a browser, because {WITHOUT} is set !!!\n");
            return None;
        }
        let profile = tempfile::Builder::new().prefix("orchestrator-browser-").tempdir().expect("a temporary folder");
        let mut command = Command::new("chromedriver");
        // A group of its own: what Chromium starts is ended with it.
        command.arg("--port=0").current_dir(profile.path()).process_group(0);
        let mut process = match command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn() {
            Ok(process) => process,
            Err(error) => panic!("\n!!! chromedriver does not start ({error}). {HOW_TO_MEND}"),
        };
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        // Read on, so that it never stands before a full pipe.
        thread::spawn(move || lines.for_each(drop));
        Some(Self { process, port: port.expect("chromedriver says its port"), profile })
    }

    /// Asks chromedriver to end with all its browsers.
    fn ask_to_end(&self) -> std::io::Result<()> {
        let mut door = TcpStream::connect(("127.0.0.1", self.port))?;
        door.set_read_timeout(Some(Duration::from_secs(5)))?;
        door.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        door.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Driver {
    #[expect(unsafe_code, reason = "kill(2) has no safe form in std")]
    fn drop(&mut self) {
        let _ = self.ask_to_end();
        let group = i32::try_from(self.process.id()).expect("a process number");
        // SAFETY: the group that chromedriver leads, which has not been waited for.
        unsafe { libc::kill(-group, libc::SIGKILL) };
        let _ = self.process.wait();
    }
}
