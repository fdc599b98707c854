//! Futures without a runtime: on a thread of their own.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::Error;

/// Calls `work` on a thread at the intervals that it returns, until it returns none.
pub(crate) fn spawn(
    name: &str,
    mut work: impl FnMut() -> Option<Duration> + Send + 'static,
) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.to_owned());
    let run = move || {
        while let Some(interval) = work() {
            thread::sleep(interval);
        }
    };
    thread.spawn(run).map(|_| ()).map_err(Error::Thread)
}

/// Runs `future` on this thread; `None` if it takes longer than `limit`.
pub(crate) fn block_on<T>(future: impl Future<Output = T>, limit: Duration) -> Option<T> {
    let start = Instant::now();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        let rest = limit.checked_sub(start.elapsed())?;
        thread::park_timeout(rest);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs `future` until `limit` is over; `None` if it is first.
pub(crate) async fn within<T>(
    future: impl Future<Output = T>,
    limit: impl Future<Output = ()>,
) -> Option<T> {
    let (mut future, mut limit) = (pin!(future), pin!(limit));
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => limit.as_mut().poll(context).map(|()| None),
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_future_runs_until_its_limit() {
        assert_eq!(block_on(ready(7), Duration::ZERO), Some(7));
        assert_eq!(block_on(pending::<u8>(), Duration::from_millis(1)), None);
        assert_eq!(
            block_on(within(ready(7), pending()), Duration::MAX),
            Some(Some(7))
        );
        assert_eq!(
            block_on(within(pending::<u8>(), ready(())), Duration::MAX),
            Some(None)
        );
    }

    #[test]
    fn a_future_that_another_thread_wakes_goes_on() {
        let (sender, receiver) = mpsc::channel::<Waker>();
        thread::spawn(move || receiver.recv().unwrap().wake());
        let mut polls = 0;
        let future = std::future::poll_fn(|context| {
            polls += 1;
            if polls == 1 {
                sender.send(context.waker().clone()).unwrap();
                return Poll::Pending;
            }
            Poll::Ready(())
        });
        assert_eq!(block_on(future, Duration::from_secs(60)), Some(()));
    }

    #[test]
    fn a_thread_works_until_there_is_no_more() {
        let (sender, receiver) = mpsc::channel();
        let mut left = 3;
        spawn("counting", move || {
            sender.send(left).ok()?;
            left -= 1;
            (left > 0).then_some(Duration::ZERO)
        })
        .unwrap();
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [3, 2, 1]);
    }
}
