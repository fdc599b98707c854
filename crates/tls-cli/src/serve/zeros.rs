//! `/bytes/N`: N zero bytes, made as they are sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// The most that one request gets: 10 GiB.
pub(super) const MOST: u64 = 10 << 30;

/// What is handed to the connection at a time.
const PART: usize = 256 * 1024;

static ZEROS: [u8; PART] = [0; PART];

/// A response body: a text, or zeros.
pub(super) enum Content {
    Text(Bytes),
    Zeros(u64),
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let part = match self.get_mut() {
            Self::Text(text) => std::mem::take(text),
            Self::Zeros(left) => {
                let count = usize::try_from(*left).unwrap_or(PART).min(PART);
                *left -= count as u64;
                Bytes::from_static(&ZEROS).slice(..count)
            }
        };
        Poll::Ready((!part.is_empty()).then(|| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Text(text) => text.len() as u64,
            Self::Zeros(left) => *left,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn exactly_as_many_bytes_come_as_were_asked_for() {
        let part = PART as u64;
        for asked in [0, 1, part - 1, part, part + 1, 3 * part] {
            let mut content = Content::Zeros(asked);
            let mut cx = Context::from_waker(Waker::noop());
            let mut came = 0;
            while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut content).poll_frame(&mut cx) {
                came += frame.data_ref().unwrap().len() as u64;
                assert_eq!(content.size_hint().exact(), Some(asked - came));
            }
            assert_eq!((came, content.is_end_stream()), (asked, true));
        }
    }
}
