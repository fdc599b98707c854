//! The frame around a handshake's states: bytes in, messages to the state, bytes out.

use crate::records::{Came, Records};
use crate::{Error, Finished, Progress, Question, Step};

/// Where a message has led.
pub(crate) enum Next<S> {
    /// To this state.
    State(S),
    /// To this state, which waits for an answer.
    Ask(S, Question),
    /// To the end.
    Done(Box<Finished>),
}

impl<S> Next<S> {
    /// The same in the terms of a machine around this one.
    pub(crate) fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Next<T> {
        match self {
            Self::State(state) => Next::State(wrap(state)),
            Self::Ask(state, question) => Next::Ask(wrap(state), question),
            Self::Done(finished) => Next::Done(finished),
        }
    }
}

/// The states of one role. A state that gets what does not belong to it answers with
/// `unexpected_message` and is gone.
pub(crate) trait Machine: Sized {
    /// What the caller answers to a question.
    type Answer;

    /// A handshake message, its header included.
    fn message(self, message: &[u8], records: &mut Records) -> Result<Next<Self>, Error>;

    /// TLS 1.2: a `change_cipher_spec`.
    fn change_cipher_spec(self, records: &mut Records) -> Result<Next<Self>, Error>;

    /// The answer to the question that was asked.
    fn answer(self, answer: Self::Answer, records: &mut Records) -> Result<Next<Self>, Error>;
}

/// Runs a machine. After an error, and once it is done, there is no state any more.
pub(crate) struct Driver<S> {
    state: Option<S>,
    question: Option<Question>,
    records: Records,
}

impl<S: Machine> Driver<S> {
    /// Starts with what `begin` makes; what it writes is appended to `out`, its alert included.
    pub(crate) fn start(
        mut records: Records,
        out: &mut Vec<u8>,
        begin: impl FnOnce(&mut Records) -> Result<S, Error>,
    ) -> Result<Self, Error> {
        records.swap_out(out);
        let begun = begin(&mut records);
        tell(&mut records, begun.as_ref().err());
        records.swap_out(out);
        Ok(Self {
            state: Some(begun?),
            question: None,
            records,
        })
    }

    /// The state, between calls; `None` once the handshake is over.
    pub(crate) fn state(&self) -> Option<&S> {
        self.state.as_ref()
    }

    /// Takes at most one record from the start of `wire`.
    pub(crate) fn read(&mut self, wire: &mut [u8], out: &mut Vec<u8>) -> Result<Progress, Error> {
        if let Some(question) = &self.question {
            return Ok(Progress {
                consumed: 0,
                step: Step::Ask(question.clone()),
            });
        }
        self.guarded(out, |driver| driver.read_record(wire))
    }

    /// Takes the answer to the question that was asked.
    pub(crate) fn answer(&mut self, answer: S::Answer, out: &mut Vec<u8>) -> Result<Step, Error> {
        if self.question.take().is_none() {
            return Err(Error::Over);
        }
        self.guarded(out, |driver| {
            let state = driver.state.take().ok_or(Error::Over)?;
            let next = state.answer(answer, &mut driver.records)?;
            driver.go_on(next)
        })
    }

    fn guarded<T>(
        &mut self,
        out: &mut Vec<u8>,
        run: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.state.is_none() {
            return Err(Error::Over);
        }
        self.records.swap_out(out);
        let outcome = run(self);
        if outcome.is_err() {
            self.state = None;
            self.question = None;
        }
        tell(&mut self.records, outcome.as_ref().err());
        self.records.swap_out(out);
        outcome
    }

    fn read_record(&mut self, wire: &mut [u8]) -> Result<Progress, Error> {
        let consumed = match self.records.record_len(wire)? {
            Ok(length) => length,
            Err(needed) => {
                return Ok(Progress {
                    consumed: 0,
                    step: Step::NeedBytes(needed),
                });
            }
        };
        let record = wire.get_mut(..consumed).unwrap_or_default();
        let step = match self.records.take(record)? {
            Came::Nothing => Step::Continue,
            Came::Handshake => self.messages()?,
            Came::ChangeCipherSpec => {
                let state = self.state.take().ok_or(Error::Over)?;
                let next = state.change_cipher_spec(&mut self.records)?;
                self.go_on(next)?
            }
        };
        Ok(Progress { consumed, step })
    }

    /// Feeds the messages that are whole.
    fn messages(&mut self) -> Result<Step, Error> {
        while let Some(message) = self.records.next_message()? {
            let state = self.state.take().ok_or(Error::Over)?;
            let next = state.message(&message, &mut self.records)?;
            match self.settle(next)? {
                Step::Continue => {}
                step => return Ok(step),
            }
        }
        Ok(Step::Continue)
    }

    /// Settles into `next`, then feeds the messages that waited for it.
    fn go_on(&mut self, next: Next<S>) -> Result<Step, Error> {
        match self.settle(next)? {
            Step::Continue => self.messages(),
            step => Ok(step),
        }
    }

    fn settle(&mut self, next: Next<S>) -> Result<Step, Error> {
        match next {
            Next::State(state) => {
                self.state = Some(state);
                Ok(Step::Continue)
            }
            Next::Ask(state, question) => {
                self.state = Some(state);
                self.question = Some(question.clone());
                Ok(Step::Ask(question))
            }
            Next::Done(finished) => {
                self.records.finish()?;
                Ok(Step::Done(finished))
            }
        }
    }
}

/// Appends the alert that an error calls for.
fn tell(records: &mut Records, error: Option<&Error>) {
    if let Some(alert) = error.and_then(Error::alert) {
        records.send_alert(alert);
    }
}
