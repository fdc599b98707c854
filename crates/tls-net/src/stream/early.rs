//! Early data, which came before the handshake was done and is read first.

use bytes::Buf as _;
use tokio::io::ReadBuf;

use super::TlsStream;

impl<IO> TlsStream<IO> {
    /// On a server that [takes early data](crate::AcceptorBuilder::early_data): how many of the
    /// bytes to be read next came as such (`SES-12`). 0 on every other stream, and once they are
    /// read.
    ///
    /// They come first, and no read gives early bytes and others together. By then the handshake
    /// is done, which no replay can do: they may be acted on like all that follow.
    ///
    /// ```
    /// # async fn serve<IO>(mut stream: tls_net::TlsStream<IO>) -> std::io::Result<()>
    /// # where IO: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin {
    /// use tokio::io::AsyncReadExt;
    ///
    /// let mut early = vec![0; stream.early_data_len()];
    /// stream.read_exact(&mut early).await?;
    /// assert_eq!(stream.early_data_len(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn early_data_len(&self) -> usize {
        self.rest.as_ref().map_or(0, |rest| rest.early.len())
    }

    /// Gives early data out; false if there is none.
    pub(super) fn deliver_early(&mut self, out: &mut ReadBuf<'_>) -> bool {
        let Some(rest) = self.rest.as_mut().filter(|rest| !rest.early.is_empty()) else {
            self.early = false;
            return false;
        };
        let length = out.remaining().min(rest.early.len());
        out.put_slice(&rest.early[..length]);
        rest.early.advance(length);
        if rest.early.is_empty() {
            rest.early = bytes::Bytes::new();
            self.early = false;
            if rest.exporter.is_none() && rest.sessions.is_none() {
                self.rest = None;
            }
        }
        true
    }
}
