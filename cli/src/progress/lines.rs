//! A log: one plain line for each step and each finished piece of work, and a sign of life from long ones.

use crate::render::text::bytes;
use rebuild::event::{Event, TaskId, Unit};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often a long task says how far it is.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// Work shorter than this is told without time and rate, which would say nothing.
const SHORT: Duration = Duration::from_secs(1);

pub(super) struct Lines {
    write: Box<dyn Fn(String) + Send + Sync>,
    tasks: Mutex<BTreeMap<TaskId, Running>>,
}

struct Running {
    label: String,
    total: Option<u64>,
    unit: Unit,
    done: u64,
    began: Instant,
    told: Instant,
}

impl Lines {
    pub(super) fn new(write: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self { write: Box::new(write), tasks: Mutex::default() }
    }

    pub(super) fn event(&self, event: Event) {
        self.at(event, Instant::now());
    }

    fn at(&self, event: Event, now: Instant) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match event {
            Event::Started { task, label, total, unit } => {
                tasks.insert(task, Running { label, total, unit, done: 0, began: now, told: now });
                None
            }
            Event::Advanced { task, amount } => tasks.get_mut(&task).and_then(|running| {
                running.done = running.done.saturating_add(amount);
                let due = now.duration_since(running.told) >= SIGN_OF_LIFE;
                due.then(|| {
                    running.told = now;
                    running.going(now)
                })
            }),
            Event::Finished { task } => tasks.remove(&task).map(|running| running.finished(now)),
            Event::Phase(text) => Some(text),
            Event::Warning(text) => Some(format!("warning: {text}")),
        };
        drop(tasks);
        if let Some(line) = line {
            (self.write)(line);
        }
    }
}

impl Running {
    fn amount(&self, amount: u64) -> String {
        match self.unit {
            Unit::Bytes => bytes(amount),
            Unit::Items => amount.to_string(),
        }
    }

    fn going(&self, now: Instant) -> String {
        let of = self.total.map(|total| format!(" of {}", self.amount(total))).unwrap_or_default();
        format!("  {}: {}{of}{}", self.label, self.amount(self.done), self.pace(now))
    }

    fn finished(&self, now: Instant) -> String {
        if self.done == 0 {
            return format!("  {}{}", self.label, self.pace(now));
        }
        format!("  {}: {}{}", self.label, self.amount(self.done), self.pace(now))
    }

    fn pace(&self, now: Instant) -> String {
        let time = now.duration_since(self.began);
        match self.unit {
            _ if time < SHORT => String::new(),
            Unit::Bytes if self.done > 0 => {
                let rate = u64::try_from(u128::from(self.done) * 1000 / time.as_millis().max(1)).unwrap_or(u64::MAX);
                format!(" in {} s, {}/s", time.as_secs(), bytes(rate))
            }
            _ => format!(" in {} s", time.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_log_names_steps_ends_and_long_waits() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let lines = Lines::new(move |line| sink.lock().unwrap().push(line));
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let begin =
            |task, label: &str, total, unit| Event::Started { task: TaskId(task), label: label.into(), total, unit };
        lines.at(Event::Phase("reading layers".into()), start);
        lines.at(begin(1, "layer aaaa", Some(90_000_000), Unit::Bytes), start);
        lines.at(begin(2, "package indexes", Some(3), Unit::Items), start);
        lines.at(Event::Advanced { task: TaskId(1), amount: 1_000_000 }, after(1));
        lines.at(Event::Advanced { task: TaskId(2), amount: 3 }, start);
        lines.at(Event::Finished { task: TaskId(2) }, start);
        lines.at(Event::Advanced { task: TaskId(1), amount: 44_000_000 }, after(10));
        lines.at(Event::Warning("chose linux/amd64 of 5".into()), after(11));
        lines.at(Event::Advanced { task: TaskId(1), amount: 45_000_000 }, after(15));
        lines.at(Event::Finished { task: TaskId(1) }, after(20));
        lines.at(Event::Finished { task: TaskId(7) }, after(20));
        assert_eq!(
            *told.lock().unwrap(),
            [
                "reading layers",
                "  package indexes: 3",
                "  layer aaaa: 45.0 MB of 90.0 MB in 10 s, 4.5 MB/s",
                "warning: chose linux/amd64 of 5",
                "  layer aaaa: 90.0 MB in 20 s, 4.5 MB/s",
            ]
        );
    }
}
