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
use crate::staples::StapleQuestion;

/// Any error of a hook.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

type HookFuture<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// A hook, asked with a question `Q`, which owns what it needs: the hello of a connection.
pub(crate) struct Hook<T, Q = ClientHello> {
    name: &'static str,
    ask: Arc<dyn Fn(Q) -> HookFuture<T> + Send + Sync>,
}

impl<T, Q> Clone for Hook<T, Q> {
    fn clone(&self) -> Self {
        Self {
            name: self.name,
            ask: self.ask.clone(),
        }
    }
}

impl<T: 'static, Q: 'static> Hook<T, Q> {
    pub(crate) fn new<F, Fut, E>(name: &'static str, ask: F) -> Self
    where
        F: Fn(Q) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let ask = move |question| -> HookFuture<T> {
            let answer = ask(question);
            Box::pin(async move { answer.await.map_err(Into::into) })
        };
        Self {
            name,
            ask: Arc::new(ask),
        }
    }

    /// Asks the hook. Its error, its delay and its panic each end this one connection.
    pub(crate) async fn ask(&self, question: Q, limit: Duration) -> Result<T, HandshakeErrorKind> {
        // The closure itself may panic before there is a future.
        let answer = AssertUnwindSafe(async move { (self.ask)(question).await }).catch_unwind();
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

/// Gives the OCSP response for a certificate (`OCS-02`); `None` staples none.
pub(crate) type OcspResponse = Hook<Option<Vec<u8>>, StapleQuestion>;

/// Chooses the application protocol (`ALP-05`); `None` refuses the connection.
pub(crate) type ChooseProtocol = Hook<Option<Vec<u8>>>;
