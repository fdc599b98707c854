//! The scoped place in which the shared parts of a rustls configuration find their connection.
//!
//! Verifier, ticketer, session storage, certificate resolver, key log and clock are one `Arc` for
//! all connections of a context (rustls refuses to resume a client session otherwise). What they
//! answer differs per connection. rustls is synchronous, so each call into it happens with the
//! connection's state lying in a thread-local place; the shared parts look there, and only there.

use std::cell::RefCell;

use super::server_slot::ServerSlot;

use super::client_slot::ClientSlot;

/// What a connection lays ready for one call into rustls.
#[derive(Debug)]
pub(crate) enum Slot {
    /// A server's side of a handshake.
    Server(Box<ServerSlot>),
    /// A client's side of a handshake, or of tickets that come later.
    Client(Box<ClientSlot>),
}

thread_local! {
    static CURRENT: RefCell<Option<Slot>> = const { RefCell::new(None) };
}

/// Puts the outer occupant back and hands the inner one home, also when the call panics.
struct Occupied<'a> {
    home: &'a mut Option<Slot>,
    outer: Option<Slot>,
}

impl Drop for Occupied<'_> {
    fn drop(&mut self) {
        // A `try_borrow` that fails can only mean that the thread-local is in use by the very call
        // that unwinds; losing the slot then ends that connection, nothing else.
        CURRENT.with(|current| {
            if let Ok(mut current) = current.try_borrow_mut() {
                *self.home = std::mem::replace(&mut *current, self.outer.take());
            }
        });
    }
}

/// Runs `call` with `slot` in place. Nests (TLS inside TLS), and survives a panic of `call`.
pub(crate) fn with_slot<R>(slot: &mut Option<Slot>, call: impl FnOnce() -> R) -> R {
    let outer = CURRENT.with(|current| std::mem::replace(&mut *current.borrow_mut(), slot.take()));
    let _occupied = Occupied { home: slot, outer };
    call()
}

/// Looks into the current server slot; `None` where there is none.
pub(crate) fn server<R>(look: impl FnOnce(&mut ServerSlot) -> R) -> Option<R> {
    CURRENT.with(|current| match current.try_borrow_mut().ok()?.as_mut()? {
        Slot::Server(slot) => Some(look(slot)),
        Slot::Client(_) => None,
    })
}

/// Looks into the current client slot; `None` where there is none.
pub(crate) fn client<R>(look: impl FnOnce(&mut ClientSlot) -> R) -> Option<R> {
    CURRENT.with(|current| match current.try_borrow_mut().ok()?.as_mut()? {
        Slot::Client(slot) => Some(look(slot)),
        Slot::Server(_) => None,
    })
}

/// Looks into the secrets of whichever side is current.
pub(crate) fn secrets<R>(
    look: impl FnOnce(&mut super::secrets::HandshakeSecrets) -> R,
) -> Option<R> {
    CURRENT.with(|current| match current.try_borrow_mut().ok()?.as_mut()? {
        Slot::Server(slot) => Some(look(&mut slot.secrets)),
        Slot::Client(slot) => Some(look(&mut slot.secrets)),
    })
}

/// The time for the current connection: its clock, or the system's.
#[derive(Debug)]
pub(crate) struct SlotClock;

impl rustls::time_provider::TimeProvider for SlotClock {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let own = CURRENT.with(|current| match current.try_borrow().ok()?.as_ref()? {
            Slot::Server(slot) => Some(slot.now),
            Slot::Client(slot) => slot.now,
        });
        own.or_else(|| Some(rustls::pki_types::UnixTime::now()))
    }
}
