//! A Node that does what it is told: one process, many connections, facts as JSON.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tls_testing::peer::{Node, Process};

/// What the Node runs; the commands are explained there.
const DRIVER: &str = include_str!("node_driver.js");

/// A running Node. It ends with this value.
#[derive(Debug)]
pub struct NodePeer {
    process: Process,
    asked: u64,
    /// Lines that nobody has asked for yet.
    unread: Vec<Value>,
}

/// A server inside the Node.
#[derive(Debug, Clone, Copy)]
pub struct NodeServer {
    /// Where it listens.
    pub address: SocketAddr,
    id: u64,
}

impl NodePeer {
    /// Starts one, or skips.
    #[must_use]
    pub fn require() -> Option<Self> {
        let node = Node::require()?;
        Some(Self {
            process: node.script(DRIVER, &[]),
            asked: 0,
            unread: Vec::new(),
        })
    }

    /// Sends a command without waiting for its answer; gives its id.
    pub fn send(&mut self, mut command: Value) -> u64 {
        self.asked += 1;
        command["id"] = json!(self.asked);
        self.process.send(format!("{command}\n").as_bytes());
        self.asked
    }

    /// The answer to the command with this id.
    pub async fn answer(&mut self, id: u64) -> Value {
        self.find(|line| line["answer"] == json!(id)).await
    }

    /// Sends a command and waits for its answer.
    pub async fn ask(&mut self, command: Value) -> Value {
        let id = self.send(command);
        self.answer(id).await
    }

    /// A connection to `address`: `options` are those of `tls.connect`, `more` those of the driver.
    /// The answer has the facts of the connection at its end.
    pub async fn connect(&mut self, address: SocketAddr, options: Value, more: Value) -> Value {
        let id = self.start_connect(address, options, more);
        self.answer(id).await
    }

    /// Begins such a connection; gives the id for [`answer`](Self::answer).
    #[allow(
        clippy::needless_pass_by_value,
        reason = "callers write the JSON in place"
    )]
    pub fn start_connect(&mut self, address: SocketAddr, options: Value, more: Value) -> u64 {
        let mut command = json!({ "op": "connect", "port": address.port(), "options": options });
        merge(&mut command, more);
        self.send(command)
    }

    /// A server with the `options` of `tls.createServer`; `more` as the driver takes it.
    ///
    /// # Panics
    /// When Node refuses the options.
    pub async fn listen(&mut self, options: Value, more: Value) -> NodeServer {
        let mut command = json!({ "op": "listen", "options": options });
        merge(&mut command, more);
        let id = self.send(command);
        let answer = self.answer(id).await;
        let Some(port) = answer["port"].as_u64() else {
            panic!("no server: {answer}")
        };
        let port = u16::try_from(port).unwrap();
        NodeServer {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            id,
        }
    }

    /// The next event of that name at `server`: `secure`, `clientError`, `end`, `keylog`.
    pub async fn event(&mut self, server: NodeServer, event: &str) -> Value {
        self.find(|line| line["server"] == json!(server.id) && line["event"] == json!(event))
            .await
    }

    async fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.unread.iter().position(&wanted) {
            return self.unread.remove(index);
        }
        loop {
            let line = self.process.next_line().await;
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            if wanted(&line) {
                return line;
            }
            self.unread.push(line);
        }
    }
}

fn merge(command: &mut Value, more: Value) {
    if let (Value::Object(command), Value::Object(more)) = (command, more) {
        command.extend(more);
    }
}
