//! Our two ends against other people's: OpenSSL, Node, curl, a browser.

mod browser;
mod curl;
mod node;
mod openssl_client;
mod openssl_server;
mod openssl_sessions;
