//! What we remember about a session beside rustls's own bytes.
//!
//! ```text
//! version (1) | kind (1) | context id (32) | first authenticated (8) | verdict (1) [| code (1 + n)]
//! | generation (8) | maker (1 + n) | certificates (1) | each: length (3), DER | payload (4 + n)
//! ```

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::limits::{
    FLEET_CLOCK_TOLERANCE, MAX_CHAIN_CERTIFICATES, MAX_CHAIN_LEN, MAX_MAKER_LEN, MAX_PAYLOAD_LEN,
    MAX_VERDICT_CODE_LEN,
};
use crate::{ContextId, Error, Kind, NotResumed};

const VERSION: u8 = 1;
const FIXED_LEN: usize = 1 + 1 + 32 + 8 + 1 + 8 + 1 + 1 + 4;

/// How the first full handshake of a session judged the peer's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The peer showed none.
    NoCertificate,
    /// It verified.
    Good,
    /// It did not verify and was let in all the same; the code says why (spec `SES-04`).
    AcceptedUnverified(String),
    /// Nobody noted it: plain rustls made the session.
    NotRecorded,
}

/// A session with what is needed to judge it again: rustls checks nothing of that at resumption.
///
/// All fields are plain data for the layer above, hence not `non_exhaustive`: it makes envelopes.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Unix time in seconds of the **first** full handshake; a renewed ticket inherits it, so that
    /// no chain of resumptions outlives the session lifetime.
    pub first_authenticated: u64,
    /// What that handshake found.
    pub verdict: Verdict,
    /// The generation of the policy at that time.
    pub generation: u64,
    /// Which process made the session: at most 255 bytes, for people.
    pub maker: String,
    /// Under which policy it was made.
    pub context_id: ContextId,
    /// What it is.
    pub kind: Kind,
    /// The peer's certificates in DER, leaf first: at most 16 and 65,535 bytes.
    pub chain: Vec<Vec<u8>>,
    /// rustls's bytes, which are private to it: at most 131,072.
    pub payload: Zeroizing<Vec<u8>>,
}

impl Envelope {
    /// The bytes of the envelope; still to be sealed.
    ///
    /// # Errors
    /// [`Error::Envelope`] if a field is beyond its limit.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.encoded_len()));
        self.encode_into(&mut out)?;
        Ok(out)
    }

    /// Reads an envelope; the bytes may be anything.
    ///
    /// # Errors
    /// [`Error::Envelope`] says which field is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader(bytes);
        if reader.byte("version")? != VERSION {
            return Err(malformed("version"));
        }
        let kind = Kind::from_u8(reader.byte("kind")?).ok_or_else(|| malformed("kind"))?;
        let context_id = ContextId(reader.array("context id")?);
        let first_authenticated = u64::from_be_bytes(reader.array("time")?);
        let verdict = reader.verdict()?;
        let generation = u64::from_be_bytes(reader.array("generation")?);
        let maker = reader.text("maker", MAX_MAKER_LEN)?;
        let chain = reader.chain()?;
        let payload = Zeroizing::new(reader.payload()?.to_vec());
        Ok(Self {
            first_authenticated,
            verdict,
            generation,
            maker,
            context_id,
            kind,
            chain,
            payload,
        })
    }

    /// Whether the envelope is of this kind and context, and at `now` (Unix time) not older than
    /// `lifetime`, nor more than five minutes in the future.
    ///
    /// # Errors
    /// Why it is not to be resumed.
    pub fn check(
        &self,
        kind: Kind,
        context: &ContextId,
        now: Duration,
        lifetime: Duration,
    ) -> Result<(), NotResumed> {
        if self.kind != kind || self.context_id != *context {
            return Err(NotResumed::OtherContext);
        }
        let made = Duration::from_secs(self.first_authenticated);
        let too_new = made > now.saturating_add(FLEET_CLOCK_TOLERANCE);
        if too_new || now.saturating_sub(made) >= lifetime {
            return Err(NotResumed::Expired);
        }
        Ok(())
    }

    pub(crate) fn encoded_len(&self) -> usize {
        self.header().encoded_len(self.payload.len())
    }

    pub(crate) fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.header().encode_into(&self.payload, out)
    }

    fn header(&self) -> Header<'_> {
        Header {
            kind: self.kind,
            context_id: &self.context_id,
            first_authenticated: self.first_authenticated,
            verdict: &self.verdict,
            generation: self.generation,
            maker: &self.maker,
            chain: &self.chain,
        }
    }
}

/// Shows no payload: it holds the session's secret.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("kind", &self.kind)
            .field("context_id", &self.context_id)
            .field("first_authenticated", &self.first_authenticated)
            .field("verdict", &self.verdict)
            .field("generation", &self.generation)
            .field("maker", &self.maker)
            .field("certificates", &self.chain.len())
            .field("payload_len", &self.payload.len())
            .finish()
    }
}

/// All of an envelope but its payload, borrowed, so that sealing copies the payload once.
pub(crate) struct Header<'a> {
    pub(crate) kind: Kind,
    pub(crate) context_id: &'a ContextId,
    pub(crate) first_authenticated: u64,
    pub(crate) verdict: &'a Verdict,
    pub(crate) generation: u64,
    pub(crate) maker: &'a str,
    pub(crate) chain: &'a [Vec<u8>],
}

impl Header<'_> {
    pub(crate) fn encoded_len(&self, payload_len: usize) -> usize {
        let code = match self.verdict {
            Verdict::AcceptedUnverified(code) => 1 + code.len(),
            _ => 0,
        };
        let chain: usize = self.chain.iter().map(|der| 3 + der.len()).sum();
        FIXED_LEN + code + self.maker.len() + chain + payload_len
    }

    pub(crate) fn encode_into(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        out.extend_from_slice(&[VERSION, self.kind.as_u8()]);
        out.extend_from_slice(self.context_id.as_bytes());
        out.extend_from_slice(&self.first_authenticated.to_be_bytes());
        match self.verdict {
            Verdict::NoCertificate => out.push(0),
            Verdict::Good => out.push(1),
            Verdict::AcceptedUnverified(code) => {
                out.push(2);
                put_text(out, code, MAX_VERDICT_CODE_LEN, "verdict code")?;
            }
            Verdict::NotRecorded => out.push(3),
        }
        out.extend_from_slice(&self.generation.to_be_bytes());
        put_text(out, self.maker, MAX_MAKER_LEN, "maker")?;
        self.put_chain(out)?;
        if payload.len() > MAX_PAYLOAD_LEN {
            return Err(malformed("payload too long"));
        }
        out.extend_from_slice(&(payload.len() as u32).to_be_bytes());
        out.extend_from_slice(payload);
        Ok(())
    }

    fn put_chain(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let total: usize = self.chain.iter().map(Vec::len).sum();
        if self.chain.len() > MAX_CHAIN_CERTIFICATES || total > MAX_CHAIN_LEN {
            return Err(malformed("chain too long"));
        }
        out.push(self.chain.len() as u8);
        for der in self.chain {
            let [_, len @ ..] = (der.len() as u32).to_be_bytes();
            out.extend_from_slice(&len);
            out.extend_from_slice(der);
        }
        Ok(())
    }
}

fn put_text(out: &mut Vec<u8>, text: &str, max: usize, field: &'static str) -> Result<(), Error> {
    let len = u8::try_from(text.len()).map_err(|_| malformed(field))?;
    if text.len() > max {
        return Err(malformed(field));
    }
    out.push(len);
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// Takes fields off the front; runs out instead of panicking.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], Error> {
        let (taken, rest) = self
            .0
            .split_at_checked(len)
            .ok_or_else(|| malformed(field))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Error> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(|| malformed(field))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self, field: &'static str) -> Result<u8, Error> {
        self.array(field).map(|[byte]| byte)
    }

    fn text(&mut self, field: &'static str, max: usize) -> Result<String, Error> {
        let len = usize::from(self.byte(field)?);
        if len > max {
            return Err(malformed(field));
        }
        let bytes = self.take(len, field)?;
        let text = std::str::from_utf8(bytes).map_err(|_| malformed(field))?;
        Ok(text.to_owned())
    }

    fn verdict(&mut self) -> Result<Verdict, Error> {
        match self.byte("verdict")? {
            0 => Ok(Verdict::NoCertificate),
            1 => Ok(Verdict::Good),
            2 => self
                .text("verdict code", MAX_VERDICT_CODE_LEN)
                .map(Verdict::AcceptedUnverified),
            3 => Ok(Verdict::NotRecorded),
            _ => Err(malformed("verdict")),
        }
    }

    fn chain(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        let count = usize::from(self.byte("chain")?);
        if count > MAX_CHAIN_CERTIFICATES {
            return Err(malformed("chain too long"));
        }
        let mut chain = Vec::with_capacity(count);
        let mut total = 0;
        for _ in 0..count {
            let [a, b, c] = self.array("chain")?;
            let len = u32::from_be_bytes([0, a, b, c]) as usize;
            total += len;
            if total > MAX_CHAIN_LEN {
                return Err(malformed("chain too long"));
            }
            chain.push(self.take(len, "chain")?.to_vec());
        }
        Ok(chain)
    }

    /// The payload, which ends the envelope.
    fn payload(&mut self) -> Result<&'a [u8], Error> {
        let len = u32::from_be_bytes(self.array("payload")?) as usize;
        if len > MAX_PAYLOAD_LEN || len != self.0.len() {
            return Err(malformed("payload length"));
        }
        self.take(len, "payload")
    }
}

fn malformed(reason: &'static str) -> Error {
    Error::Envelope { reason }
}
