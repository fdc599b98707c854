//! Hooks: async closures of the application, boxed once, fenced by a time limit and against panics.

use std::error::Error as StdError;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tls_context::SecureContext;
use tls_wire::ClientHello;

use crate::error::HandshakeErrorKind;

/// Any error of a hook.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

type HookFuture<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// A hook asked with the hello of a connection.
pub(crate) struct Hook<T> {
    name: &'static str,
    ask: Arc<dyn Fn(ClientHello) -> HookFuture<T> + Send + Sync>,
}

impl<T> Clone for Hook<T> {
    fn clone(&self) -> Self {
        Self {
            name: self.name,
            ask: self.ask.clone(),
        }
    }
}

impl<T: 'static> Hook<T> {
    pub(crate) fn new<F, Fut, E>(name: &'static str, ask: F) -> Self
    where
        F: Fn(ClientHello) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let ask = move |hello| -> HookFuture<T> {
            let answer = ask(hello);
            Box::pin(async move { answer.await.map_err(Into::into) })
        };
        Self {
            name,
            ask: Arc::new(ask),
        }
    }

    /// Asks the hook. Its error, its delay and its panic each end this one connection.
    pub(crate) async fn ask(
        &self,
        hello: &ClientHello,
        limit: Duration,
    ) -> Result<T, HandshakeErrorKind> {
        let hello = hello.clone();
        // The closure itself may panic before there is a future.
        let answer = AssertUnwindSafe(async move { (self.ask)(hello).await }).catch_unwind();
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(HandshakeErrorKind::HookFailed(self.name, error)),
            Ok(Err(_)) => Err(HandshakeErrorKind::HookPanicked(self.name)),
            Err(_) => Err(HandshakeErrorKind::HookTimeout(self.name, limit)),
        }
    }
}

/// Chooses the context of a connection (`SNI-04`); `None` means the default.
pub(crate) type ChooseContext = Hook<Option<SecureContext>>;

/// Chooses the application protocol (`ALP-05`); `None` refuses the connection.
pub(crate) type ChooseProtocol = Hook<Option<Vec<u8>>>;
