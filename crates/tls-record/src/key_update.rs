//! TLS 1.3 key updates, both ways (RFC 8446, Sections 4.6.3 and 7.2).

use tls_wire::{HandshakeHeader, HandshakeType};

use crate::Error;
use crate::direction::Direction;
use crate::record_layer::{RecordLayer, Version};

/// Bytes of a KeyUpdate with its header.
pub(crate) const KEY_UPDATE_LEN: usize = HandshakeHeader::LEN + 1;

/// The message.
pub(crate) fn encode(request: bool) -> [u8; KEY_UPDATE_LEN] {
    [HandshakeType::KeyUpdate.into(), 0, 0, 1, u8::from(request)]
}

impl RecordLayer {
    /// Changes this side's keys and asks the peer to change its own, with the next record that goes
    /// out. Nothing happens once the write side is closed.
    ///
    /// # Errors
    ///
    /// [`Error::KeyUpdateUnavailable`] in TLS 1.2 and without a
    /// [`PostHandshake`](crate::PostHandshake); the connection goes on.
    pub fn request_key_update(&mut self) -> Result<(), Error> {
        if !self.can_update_keys() {
            return Err(Error::KeyUpdateUnavailable);
        }
        self.control.queue_key_update_request();
        Ok(())
    }

    pub(crate) fn can_update_keys(&self) -> bool {
        self.version == Version::Tls13 && self.post_handshake.is_some()
    }

    /// Takes the body of a KeyUpdate of the peer.
    pub(crate) fn accept_key_update(
        &mut self,
        body: &[u8],
        ends_record: bool,
    ) -> Result<(), Error> {
        let asked = match body {
            [0] => false,
            [1] => true,
            &[value] => return Err(Error::IllegalKeyUpdate { value }),
            _ => {
                let handshake_type = HandshakeType::KeyUpdate.into();
                return Err(Error::MalformedHandshake { handshake_type });
            }
        };
        // "Handshake messages MUST NOT span key changes" (RFC 8446, Section 5.1).
        if !ends_record {
            return Err(Error::KeyUpdateNotLast);
        }
        self.floods.key_update(&self.limits)?;
        let Some(engine) = &mut self.post_handshake else {
            return Err(Error::KeyUpdateRefused);
        };
        let keys = engine.next_rx_keys().map_err(|_| Error::KeyUpdateRefused)?;
        self.rx = Direction::new(&keys, 0, &self.limits)?;
        self.asked_for_rx_keys = false;
        if asked {
            self.control.queue_key_update();
        }
        Ok(())
    }

    /// Replaces this side's keys. The KeyUpdate that says so is sealed already, under the old key.
    pub(crate) fn install_next_tx_keys(&mut self) -> Result<(), Error> {
        let Some(engine) = &mut self.post_handshake else {
            return Err(Error::KeyUpdateRefused);
        };
        let keys = engine.next_tx_keys().map_err(|_| Error::KeyUpdateRefused)?;
        self.tx = Direction::new(&keys, 0, &self.limits)?;
        Ok(())
    }
}
