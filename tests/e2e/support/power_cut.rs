//! Ends a part of the local AWS as a power cut does.

use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};

use super::{World, http, http_get};

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

impl World {
    /// Waits until the local AWS has written what it holds by now to its files.
    ///
    /// It does so a second after a change, or later: the longer a save takes, the rarer they are.
    pub fn wait_until_saved(&self) {
        let state = self.path().join("cache/local/emulator/state");
        let url = self.json(&["local", "status"])["status"]["emulator"]["url"].clone();
        let url = url.as_str().unwrap();
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        let now = SystemTime::now();
        // Any request but a reading one counts as a change, so a save is sure to follow.
        http("POST", &format!("{url}/_alertctl/event"), &[], "");
        wait_until("nothing was saved", || {
            std::fs::read_dir(&state).is_ok_and(|mut files| {
                files.any(|file| {
                    let written = file.and_then(|file| file.metadata()?.modified());
                    written.is_ok_and(|written| written > now)
                })
            })
        });
        // One file is there, and requests are taken again only after the last.
        http_get(port, "/_alertctl/apis");
    }

    /// Kills a part of the local AWS, `emulator` or `inbox`, and waits until it is gone.
    pub fn kill_part(&self, part: &str) {
        let status = || self.json(&["local", "status"])["status"][part].clone();
        let pid = i32::try_from(status()["pid"].as_i64().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        wait_until(&format!("{part} survived"), || status()["running"] == false);
    }
}

fn wait_until(otherwise: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{otherwise}");
        std::thread::sleep(PAUSE);
    }
}
