//! `SniMap`: what belongs to the server name that a client asks for (`SNI-01`, `SNI-02`).

use std::{borrow::Cow, collections::HashMap};

use crate::{Error, defaults::MAX_SERVER_NAME};

/// Values by server name and by pattern: contexts, configurations, or anything else.
///
/// - An exact name beats every pattern, whenever it was added.
/// - In a pattern each `*` stands for any run of characters without a dot, also an empty one:
///   `*.example.com`, `shop-*.example.com`, `*` for names of one label.
/// - Among the patterns that fit, the newest counts; adding the same again replaces it.
/// - Letter case does not matter, nor does a dot at the end.
/// - A client that sends no name has no entry, not even under `*`.
///
/// Differences from `server.addContext` of Node: there the newest entry wins of whatever kind, and
/// case matters.
///
/// Looking up an exact name, or one that fits `*.rest`, takes the same time however many there
/// are; other patterns are tried one by one.
///
/// ```
/// let mut map = tls_context::SniMap::new();
/// map.insert("*.shop.example", "a tenant")?;
/// map.insert("www.shop.example", "the shop")?;
/// assert_eq!(map.get(Some("WWW.shop.example")), Some(&"the shop"));
/// assert_eq!(map.get(Some("blue.shop.example")), Some(&"a tenant"));
/// assert_eq!(map.get(Some("a.b.shop.example")), None);
/// assert_eq!(map.get(None), None);
/// # Ok::<(), tls_context::Error>(())
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "addContext")]
#[doc(alias = "SNICallback")]
pub struct SniMap<T> {
    exact: HashMap<Box<str>, T>,
    /// Patterns `*.rest`, by `rest`.
    by_parent: HashMap<Box<str>, Aged<T>>,
    /// All other patterns, newest last.
    patterns: Vec<(Box<str>, Aged<T>)>,
    next_age: u64,
}

/// A value, and when it was added: the highest is the newest.
#[derive(Clone, Debug)]
struct Aged<T> {
    age: u64,
    value: T,
}

impl<T> SniMap<T> {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self {
            exact: HashMap::new(),
            by_parent: HashMap::new(),
            patterns: Vec::new(),
            next_age: 0,
        }
    }

    /// Adds a value under a name or pattern, in place of an older one under the same.
    ///
    /// # Errors
    /// An empty pattern, and one that no client could ever send: other than ASCII (write the
    /// `xn--` form), white space, or longer than 253 bytes.
    pub fn insert(&mut self, pattern: &str, value: T) -> Result<(), Error> {
        let pattern = checked(pattern)?;
        let age = self.next_age;
        self.next_age += 1;
        match kind(&pattern) {
            Kind::Exact => {
                self.exact.insert(pattern.into(), value);
            }
            Kind::AnyChildOf(parent) => {
                self.by_parent.insert(parent.into(), Aged { age, value });
            }
            Kind::Pattern => {
                self.patterns.retain(|(known, _)| **known != *pattern);
                self.patterns.push((pattern.into(), Aged { age, value }));
            }
        }
        Ok(())
    }

    /// Takes away what was added under exactly this name or pattern.
    pub fn remove(&mut self, pattern: &str) -> Option<T> {
        let pattern = normalized(pattern);
        match kind(&pattern) {
            Kind::Exact => self.exact.remove(&*pattern),
            Kind::AnyChildOf(parent) => self.by_parent.remove(parent).map(|entry| entry.value),
            Kind::Pattern => {
                let index = self
                    .patterns
                    .iter()
                    .position(|(known, _)| **known == *pattern)?;
                Some(self.patterns.remove(index).1.value)
            }
        }
    }

    /// What belongs to the name that a client sent, if it sent one.
    #[must_use]
    pub fn get(&self, server_name: Option<&str>) -> Option<&T> {
        let name = normalized(server_name.filter(|name| !name.is_empty())?);
        if let Some(value) = self.exact.get(&*name) {
            return Some(value);
        }
        let by_parent = name
            .split_once('.')
            .and_then(|(_, parent)| self.by_parent.get(parent));
        let newer = |entry: &Aged<T>| by_parent.is_none_or(|known| entry.age > known.age);
        self.patterns
            .iter()
            .rev()
            .map(|(pattern, entry)| (pattern, entry))
            .take_while(|(_, entry)| newer(entry))
            .find(|(pattern, _)| fits(pattern, &name))
            .map(|(_, entry)| entry)
            .or(by_parent)
            .map(|entry| &entry.value)
    }

    /// What belongs to all names and patterns, in no order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        let patterns = self.patterns.iter().map(|(_, entry)| entry);
        let aged = self.by_parent.values().chain(patterns);
        self.exact.values().chain(aged.map(|entry| &entry.value))
    }

    /// How many names and patterns there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exact.len() + self.by_parent.len() + self.patterns.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Default for SniMap<T> {
    fn default() -> Self {
        Self::new()
    }
}

enum Kind<'a> {
    Exact,
    AnyChildOf(&'a str),
    Pattern,
}

fn kind(pattern: &str) -> Kind<'_> {
    match pattern.strip_prefix("*.") {
        _ if !pattern.contains('*') => Kind::Exact,
        Some(parent) if !parent.contains('*') => Kind::AnyChildOf(parent),
        _ => Kind::Pattern,
    }
}

fn checked(pattern: &str) -> Result<Cow<'_, str>, Error> {
    let invalid = |reason| Error::InvalidServerName {
        name: pattern.to_owned(),
        reason,
    };
    let name = normalized(pattern);
    if name.is_empty() {
        return Err(Error::EmptyServerName);
    }
    if !name.is_ascii() {
        return Err(invalid("it is not ASCII; write the xn-- form"));
    }
    if name.contains(|c: char| c.is_ascii_whitespace() || c.is_ascii_control()) {
        return Err(invalid("it has white space in it"));
    }
    if name.len() > MAX_SERVER_NAME {
        return Err(invalid("it is longer than 253 bytes"));
    }
    Ok(name)
}

/// Lower case, and without one dot at the end, as the name of a hello is.
fn normalized(name: &str) -> Cow<'_, str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.contains(|c: char| c.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Label by label, as no `*` reaches over a dot.
fn fits(pattern: &str, name: &str) -> bool {
    let mut patterns = pattern.split('.');
    let mut labels = name.split('.');
    loop {
        match (patterns.next(), labels.next()) {
            (Some(pattern), Some(label)) if label_fits(pattern.as_bytes(), label.as_bytes()) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// Linear but for going back to the last `*`, so at most pattern times label: no hostile name makes
/// this slow.
fn label_fits(pattern: &[u8], label: &[u8]) -> bool {
    let (mut p, mut l) = (0, 0);
    // Behind the last `*`, and where the label goes on if that `*` takes one byte more.
    let mut retry: Option<(usize, usize)> = None;
    while l < label.len() {
        match (pattern.get(p), retry) {
            (Some(b'*'), _) => {
                p += 1;
                retry = Some((p, l));
            }
            (Some(byte), _) if *byte == label[l] => {
                p += 1;
                l += 1;
            }
            (_, Some((after_star, resume))) => {
                p = after_star;
                l = resume + 1;
                retry = Some((after_star, l));
            }
            (_, None) => return false,
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}
