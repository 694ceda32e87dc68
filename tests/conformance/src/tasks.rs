//! `Tasks`: an executor that does nothing by itself, and counts what it does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    is_woken: Arc<Flag>,
    polls: usize,
}

/// Tasks, each with a waker of its own.
#[derive(Default)]
pub struct Tasks {
    tasks: Vec<Task>,
}

impl Tasks {
    /// Adds a task, and answers its number.
    pub fn spawn(&mut self, future: impl Future<Output = ()> + 'static) -> usize {
        let is_woken = Arc::new(Flag(AtomicBool::new(true)));
        self.tasks.push(Task { future: Some(Box::pin(future)), is_woken, polls: 0 });
        self.tasks.len() - 1
    }

    /// Polls every task that has been woken, once; answers whether there was any.
    pub fn poll_woken(&mut self) -> bool {
        let mut has_polled = false;
        for task in &mut self.tasks {
            let Some(future) = &mut task.future else { continue };
            if task.is_woken.0.swap(false, Ordering::Relaxed) {
                has_polled = true;
                task.polls += 1;
                let waker = Waker::from(Arc::clone(&task.is_woken));
                if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    task.future = None;
                }
            }
        }
        has_polled
    }

    /// Wakes a task from outside.
    pub fn wake(&self, task: usize) {
        self.tasks[task].is_woken.0.store(true, Ordering::Relaxed);
    }

    /// How often a task has been polled.
    pub fn polls(&self, task: usize) -> usize {
        self.tasks[task].polls
    }

    /// Whether a task has ended.
    pub fn is_done(&self, task: usize) -> bool {
        self.tasks[task].future.is_none()
    }
}
