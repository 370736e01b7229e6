//! The floor under every call from another thread into Node.js: an addon that does nothing but such
//! a call. The benchmarks measure the engine against it.

use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use napi::Status;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

type OnCall = ThreadsafeFunction<(), (), (), Status, false, true>;

/// Calls back from a thread of its own each time it is rung.
#[napi]
pub struct Bell(Sender<Duration>);

#[napi]
impl Bell {
    #[napi(constructor)]
    pub fn new(on_call: OnCall) -> Self {
        let (ring, rung) = mpsc::channel();
        thread::spawn(move || {
            while let Ok(pause) = rung.recv() {
                thread::sleep(pause);
                on_call.call((), ThreadsafeFunctionCallMode::NonBlocking);
            }
        });
        Self(ring)
    }

    /// Calls back after a pause, in µs: the longer an event loop has slept, the longer it takes to
    /// wake up.
    #[napi]
    pub fn ring(&self, pause: u32) {
        // The thread lives as long as this sender.
        let _ = self.0.send(Duration::from_micros(pause.into()));
    }
}
