//! Plain TCP: what sockets and the runtime cost without TLS.

use tokio::net::TcpListener;

use super::work::Work;
use crate::Result;

pub(super) async fn serve(listener: TcpListener, work: Work) -> Result<()> {
    loop {
        let (io, _) = listener.accept().await?;
        io.set_nodelay(true)?;
        tokio::spawn(work.serve(io));
    }
}
