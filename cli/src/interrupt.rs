//! Ctrl-C: the first asks the work to stop, which drops everything temporary; the second ends the process.

use crate::failure::Code;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the user wants the work to stop. Clones share the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens to Ctrl-C and, where there are such signals, SIGTERM and SIGHUP.
    pub(crate) fn listen() -> Self {
        let interrupt = Self::default();
        let flag = interrupt.clone();
        // When the signals already belong to somebody else they end the process, as they would without us.
        let _ = ctrlc::set_handler(move || {
            if flag.0.swap(true, Ordering::SeqCst) {
                std::process::exit(Code::Interrupted as i32);
            }
            anstream::eprintln!("stopping (once more ends slim at once)");
        });
        interrupt
    }

    /// Whether somebody asked.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Asks.
    #[cfg(test)]
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
