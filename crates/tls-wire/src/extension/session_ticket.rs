//! `session_ticket` of TLS 1.2 (RFC 5077): the body *is* the ticket, without a length.

/// What a client says about tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Exhaustive: there is no third way.
pub enum SessionTicket<'a> {
    /// It takes one: the extension is empty.
    Request,
    /// It offers this one.
    Offer(&'a [u8]),
}

/// Reads the body; every body is legal.
#[must_use]
pub const fn parse(body: &[u8]) -> SessionTicket<'_> {
    if body.is_empty() {
        SessionTicket::Request
    } else {
        SessionTicket::Offer(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_body_asks_for_a_ticket() {
        assert_eq!(parse(&[]), SessionTicket::Request);
        assert_eq!(parse(&[1, 2]), SessionTicket::Offer(&[1, 2]));
    }
}
