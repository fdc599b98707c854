//! A Redis cluster: which node has which slot, and a link to each.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use redis::cluster_routing::Slot;
use redis::{Cmd, Value};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use super::RedisFault;
use super::address::Place;
use super::dialer::Dialer;
use super::link::{Backoff, Failed, Link, Target};
use super::state::Board;

/// How often a call follows a slot that moved: to its new node, and once more.
const MAX_MOVES: usize = 2;

/// How long after a change the nodes are asked again at the earliest.
const PLAN_PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Cluster {
    plans: watch::Receiver<Plan>,
    ask_again: Arc<Notify>,
    task: AbortHandle,
}

/// Which node has which slot, as last heard.
#[derive(Clone, Default)]
struct Plan {
    slots: Arc<HashMap<Slot, Place>>,
    links: Arc<HashMap<Place, Arc<Link>>>,
    /// Why there is none, once it is known that there is none.
    fault: Option<RedisFault>,
}

/// The part that asks the nodes.
struct Planner {
    seeds: Vec<Place>,
    dialer: Dialer,
    backoff: Backoff,
    board: Arc<Board>,
    plans: watch::Sender<Plan>,
    ask_again: Arc<Notify>,
}

impl Cluster {
    /// Begins to ask, in the runtime that this is called in.
    pub(super) fn start(
        seeds: Vec<Place>,
        dialer: Dialer,
        backoff: Backoff,
        board: &Arc<Board>,
    ) -> Self {
        let (plans, heard) = watch::channel(Plan::default());
        let ask_again = Arc::new(Notify::new());
        let planner = Planner {
            seeds,
            dialer,
            backoff,
            board: Arc::clone(board),
            plans,
            ask_again: Arc::clone(&ask_again),
        };
        Self {
            plans: heard,
            ask_again,
            task: tokio::spawn(planner.run()).abort_handle(),
        }
    }

    /// Why a call for this key would fail at once, if it would.
    pub(super) fn fault(&self, key: &[u8]) -> Option<RedisFault> {
        let plan = self.plans.borrow();
        match plan.link_for(Slot::for_key(key)) {
            Some(link) => link.fault(),
            None => plan.fault.clone(),
        }
    }

    pub(super) async fn request(
        &self,
        key: &[u8],
        command: &Cmd,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Value, RedisFault> {
        let slot = Slot::for_key(key);
        let mut plans = self.plans.clone();
        for _ in 0..=MAX_MOVES {
            let known = plans.wait_for(Plan::is_known);
            let plan = match timeout_at(deadline, known).await {
                Ok(Ok(plan)) => plan.clone(),
                Ok(Err(_)) => return Err(RedisFault::Lost),
                Err(_) => return Err(RedisFault::Late { limit }),
            };
            let Some(link) = plan.link_for(slot) else {
                self.ask_again.notify_one();
                return Err(plan.fault.unwrap_or(RedisFault::ClusterDown));
            };
            match link.request(command, deadline, limit).await {
                Ok(value) => return Ok(value),
                Err(Failed::Moved) => {
                    self.ask_again.notify_one();
                    if !matches!(timeout_at(deadline, plans.changed()).await, Ok(Ok(()))) {
                        return Err(RedisFault::ClusterDown);
                    }
                }
                Err(Failed::Ask(address)) => {
                    return plan.ask_at(&address, command, deadline, limit).await;
                }
                Err(Failed::Fault(fault)) => {
                    if matches!(fault, RedisFault::ReadOnly | RedisFault::ClusterDown) {
                        self.ask_again.notify_one();
                    }
                    return Err(fault);
                }
            }
        }
        Err(RedisFault::ClusterDown)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Plan {
    fn is_known(&self) -> bool {
        !self.slots.is_empty() || self.fault.is_some()
    }

    fn link_for(&self, slot: Slot) -> Option<&Arc<Link>> {
        self.links.get(self.slots.get(&slot)?)
    }

    /// Asks the node that a slot is moving to, if it is one of those known.
    async fn ask_at(
        &self,
        address: &str,
        command: &Cmd,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Value, RedisFault> {
        let found = self
            .links
            .iter()
            .find(|(place, _)| place.to_string() == address);
        let Some((_, link)) = found else {
            return Err(RedisFault::ClusterDown);
        };
        match link.request_asking(command, deadline, limit).await {
            Ok(value) => Ok(value),
            Err(Failed::Fault(fault)) => Err(fault),
            Err(Failed::Moved | Failed::Ask(_)) => Err(RedisFault::ClusterDown),
        }
    }

    fn has_fault(&self) -> bool {
        self.links.values().any(|link| link.fault().is_some())
    }
}

impl Planner {
    async fn run(self) {
        let mut delays = self.backoff.delays();
        loop {
            let is_well = match self.ask_all().await {
                Ok(slots) => {
                    self.adopt(slots);
                    !self.plans.borrow().has_fault()
                }
                Err(fault) => {
                    self.missing(fault);
                    false
                }
            };
            if is_well {
                delays = self.backoff.delays();
                self.ask_again.notified().await;
                tokio::time::sleep(PLAN_PAUSE).await;
            } else {
                // A failover ends without a word to us.
                let delay = delays.next().unwrap_or(self.backoff.max);
                tokio::time::sleep(delay).await;
            }
        }
    }

    /// Asks the nodes that are up, then the others, until one answers.
    async fn ask_all(&self) -> Result<HashMap<Slot, Place>, RedisFault> {
        let mut fault = None;
        for place in self.places() {
            match self.ask(&place).await {
                Ok(slots) if !slots.is_empty() => return Ok(slots),
                Ok(_) => fault = fault.or(Some(RedisFault::ClusterDown)),
                Err(theirs) => fault = fault.or(Some(theirs)),
            }
        }
        Err(fault.unwrap_or(RedisFault::ClusterDown))
    }

    fn places(&self) -> Vec<Place> {
        let links = Arc::clone(&self.plans.borrow().links);
        let is_up = |link: &&Arc<Link>| link.fault().is_none();
        let mut places: Vec<Place> = Vec::new();
        let up = links.iter().filter(|(_, link)| is_up(link));
        let down = links.iter().filter(|(_, link)| !is_up(link));
        let known = up.map(|(place, _)| place).chain(&self.seeds);
        for place in known.chain(down.map(|(place, _)| place)) {
            if !places.contains(place) {
                places.push(place.clone());
            }
        }
        places
    }

    async fn ask(&self, place: &Place) -> Result<HashMap<Slot, Place>, RedisFault> {
        let mut dialled = self.dialer.dial(place).await?;
        let mut ask = redis::cmd("CLUSTER");
        ask.arg("SLOTS");
        match dialled.query(&ask).await {
            Ok(plan) => read_plan(&plan, place),
            // Whoever is alone knows no slots.
            Err(RedisFault::Refusal { code }) if code == "ERR" => Err(RedisFault::NoCluster),
            Err(fault) => Err(fault),
        }
    }

    fn adopt(&self, slots: HashMap<Slot, Place>) {
        let last = self.plans.borrow().clone();
        let mut links = HashMap::new();
        for place in slots.values() {
            if links.contains_key(place) {
                continue;
            }
            let link = last
                .links
                .get(place)
                .map_or_else(|| Arc::new(self.link(place)), Arc::clone);
            links.insert(place.clone(), link);
        }
        if *last.slots != slots {
            self.board.disturb();
        }
        self.plans.send_replace(Plan {
            slots: Arc::new(slots),
            links: Arc::new(links),
            fault: None,
        });
        self.board.plan(None);
    }

    fn link(&self, place: &Place) -> Link {
        let target = Target::Server(place.clone());
        Link::start(
            self.dialer.clone(),
            target,
            self.backoff,
            &self.board,
            &self.ask_again,
        )
    }

    /// The last plan stays, for what it is worth: a node that is up may still serve its slots.
    fn missing(&self, fault: RedisFault) {
        self.plans
            .send_modify(|plan| plan.fault = Some(fault.clone()));
        self.board.plan(Some(fault));
    }
}

/// The answer to `CLUSTER SLOTS`: rows of first slot, last slot, primary, replicas.
fn read_plan(answer: &Value, asked: &Place) -> Result<HashMap<Slot, Place>, RedisFault> {
    let Value::Array(rows) = answer else {
        return Err(RedisFault::Protocol);
    };
    let mut slots = HashMap::new();
    for row in rows {
        let Value::Array(row) = row else {
            return Err(RedisFault::Protocol);
        };
        let [
            Value::Int(first),
            Value::Int(last),
            Value::Array(primary),
            ..,
        ] = &**row
        else {
            return Err(RedisFault::Protocol);
        };
        let Some(place) = read_node(primary, asked) else {
            continue;
        };
        let number = |slot: &i64| u16::try_from(*slot).map_err(|_| RedisFault::Protocol);
        for slot in (number(first)?..=number(last)?).map_while(Slot::new) {
            slots.insert(slot, place.clone());
        }
    }
    Ok(slots)
}

/// A node that does not know its own address means the one that it was reached at.
fn read_node(node: &[Value], asked: &Place) -> Option<Place> {
    let [host, Value::Int(port), ..] = node else {
        return None;
    };
    let host = match (host, asked) {
        (Value::BulkString(host), _) if !host.is_empty() => String::from_utf8(host.clone()).ok()?,
        (Value::BulkString(_) | Value::Nil, Place::Tcp { host, .. }) => host.clone(),
        _ => return None,
    };
    let port = u16::try_from(*port).ok()?;
    (host != "?").then_some(Place::Tcp { host, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan_of(answer: &[u8]) -> Result<HashMap<Slot, Place>, RedisFault> {
        let asked = Place::Tcp {
            host: "asked".to_owned(),
            port: 1,
        };
        read_plan(&redis::parse_redis_value(answer).unwrap(), &asked)
    }

    #[test]
    fn a_plan_names_the_primary_of_each_slot() {
        let rows = "*2\r\n\
            *4\r\n:0\r\n:8191\r\n*3\r\n$8\r\n10.0.0.1\r\n:7001\r\n$1\r\na\r\n\
            *3\r\n$8\r\n10.0.0.9\r\n:7009\r\n$1\r\nb\r\n\
            *3\r\n:8192\r\n:16383\r\n*3\r\n$0\r\n\r\n:7002\r\n$1\r\nc\r\n";
        let plan = plan_of(rows.as_bytes()).unwrap();
        assert_eq!(plan.len(), 16384);
        let at = |slot| plan[&Slot::new(slot).unwrap()].to_string();
        assert_eq!(
            (at(0), at(8191)),
            ("10.0.0.1:7001".into(), "10.0.0.1:7001".into())
        );
        assert_eq!(at(16383), "asked:7002");
    }

    #[test]
    fn what_is_no_plan_is_refused_or_left_out() {
        for junk in [
            "+OK\r\n",
            "*1\r\n+OK\r\n",
            "*1\r\n*2\r\n:0\r\n:1\r\n",
            "*1\r\n*3\r\n:-1\r\n:1\r\n*0\r\n",
            "*1\r\n*3\r\n:0\r\n:99999\r\n*2\r\n$1\r\na\r\n:1\r\n",
        ] {
            let read = plan_of(junk.as_bytes());
            assert!(read.is_err() || read.unwrap().is_empty(), "{junk}");
        }
        let beyond = "*1\r\n*3\r\n:16380\r\n:20000\r\n*2\r\n$1\r\na\r\n:1\r\n";
        assert_eq!(plan_of(beyond.as_bytes()).unwrap().len(), 4);
        let unknown = "*1\r\n*3\r\n:0\r\n:9\r\n*2\r\n$1\r\n?\r\n:1\r\n";
        assert!(plan_of(unknown.as_bytes()).unwrap().is_empty());
    }
}
