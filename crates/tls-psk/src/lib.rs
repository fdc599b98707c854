//! TLS with keys agreed beforehand: handshakes for TLS 1.2 and 1.3, client and server, without IO.
