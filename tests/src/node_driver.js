// What a Node does for the tests: commands as lines of JSON on stdin, answers and events on stdout.
//
// { op: 'connect', port, options, send, expect, end, … } connects as `tls.connect` and answers when
// the connection has closed. { op: 'listen', options } listens, and tells of its connections.
'use strict';
const tls = require('node:tls');
const net = require('node:net');

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const bytes = (text) => Buffer.from(text, 'base64');
const failed = (error) => ({ code: error.code, message: error.message, reason: error.reason });

// Options as JSON has them, to options as Node takes them.
function revive(options) {
  const revived = { ...options };
  for (const name of ['session', 'ticketKeys', 'pfx']) {
    if (typeof revived[name] === 'string') revived[name] = bytes(revived[name]);
  }
  if (revived.checkServerIdentity === 'skip') revived.checkServerIdentity = () => undefined;
  // psk: a client's { identity, key in hex }, or null for none. psks: a server's table of them.
  if (revived.psk !== undefined) {
    const psk = revived.psk && { identity: revived.psk.identity, psk: Buffer.from(revived.psk.key, 'hex') };
    revived.pskCallback = (hint) => { hints.push(hint); return psk; };
    delete revived.psk;
  }
  if (revived.psks !== undefined) {
    const psks = revived.psks;
    revived.pskCallback = (socket, identity) => { identities.push(identity); return psks[identity] ? Buffer.from(psks[identity], 'hex') : null; };
    delete revived.psks;
  }
  return revived;
}

// What pskCallback was called with, on either side.
const hints = [];
const identities = [];

function facts(socket) {
  const peer = socket.getPeerCertificate();
  const error = socket.authorizationError;
  return {
    authorized: socket.authorized,
    authorizationError: error ? error.code || String(error) : null,
    alpn: socket.alpnProtocol,
    servername: socket.servername,
    protocol: socket.getProtocol(),
    cipher: socket.getCipher(),
    ephemeral: socket.getEphemeralKeyInfo(),
    reused: socket.isSessionReused(),
    peer: peer && peer.subject ? peer.subject.CN : null,
    names: peer ? peer.subjectaltname : null,
    curve: peer ? peer.asn1Curve : null,
  };
}

const exported = (socket, asked) => (asked || []).map(({ length, label, context }) => {
  const value = context === undefined || context === null
    ? socket.exportKeyingMaterial(length, label)
    : socket.exportKeyingMaterial(length, label, Buffer.from(context));
  return value.toString('hex');
});

// send: text to send once secure; null sends nothing. repeat: how often. expect: bytes to wait for
// before `end`: 'end' (the default), 'destroy', 'half' (ends at once, reads on), 'wait' (the peer
// ends). ends: what ends the waiting of a socket that nobody closes.
function talk(socket, command, report) {
  const send = command.send === undefined ? 'hello' : command.send;
  const repeat = command.repeat || 1;
  const expect = command.expect === undefined ? (send || '').length * repeat : command.expect;
  const end = command.end || 'end';
  let secure = false;
  Object.assign(report, { secure: false, sessions: [], errors: [], data: '', received: 0, chunks: [], keylog: [], ended: false, order: [] });
  const finish = () => {
    if (secure && report.received >= expect) {
      if (end === 'end') socket.end();
      if (end === 'destroy') socket.destroy();
    }
  };
  socket.on('secureConnect', () => {
    secure = report.secure = true;
    report.order.push('secureConnect');
    Object.assign(report, facts(socket));
    report.exported = exported(socket, command.exporter);
    if (send !== null) for (let i = 0; i < repeat; i++) socket.write(send);
    if (end === 'half') socket.end();
    finish();
  });
  socket.on('session', (session) => {
    report.order.push('session');
    report.sessions.push(session.toString('base64'));
  });
  socket.on('OCSPResponse', (response) => {
    report.order.push('OCSPResponse');
    report.staple = response ? response.toString('base64') : null;
    if (command.refuseStaple) socket.destroy();
  });
  socket.on('keylog', (line) => report.keylog.push(line.toString()));
  socket.on('data', (data) => {
    if (report.received < 65536) report.data += data.toString('latin1');
    report.received += data.length;
    if (report.chunks.length < 64) report.chunks.push(data.length);
    finish();
  });
  socket.on('end', () => { report.ended = true; });
  socket.on('error', (error) => report.errors.push({ ...failed(error), secure }));
  return new Promise((resolve) => {
    const timer = setTimeout(() => { report.timeout = true; socket.destroy(); }, command.patience || 15000);
    socket.on('close', (hadError) => {
      clearTimeout(timer);
      report.hadError = hadError;
      report.hints = hints.splice(0);
      resolve(report);
    });
  });
}

const kept = new Map();
const servers = new Map();

const operations = {
  async connect(command) {
    const options = { host: '127.0.0.1', port: command.port, ...revive(command.options) };
    const report = {};
    // plain: text that both ends exchange before TLS, as STARTTLS does.
    if (command.plain) {
      const plain = net.connect(command.port, '127.0.0.1');
      plain.write(command.plain);
      report.plain = await new Promise((resolve) => plain.once('data', (data) => resolve(data.toString())));
      options.socket = plain;
    }
    // inside: options of a TLS connection that carries this one.
    if (command.inside) {
      const outer = tls.connect({ host: '127.0.0.1', port: command.port, ...revive(command.inside) });
      await new Promise((resolve, reject) => outer.once('secureConnect', resolve).once('error', reject));
      options.socket = outer;
    }
    const socket = tls.connect(options);
    if (command.keep) kept.set(command.keep, socket);
    if (command.vanish === 'connect') socket.on('connect', () => socket.destroy());
    if (command.vanish === 'secure') socket.on('secureConnect', () => socket.destroy());
    return talk(socket, command, report);
  },

  // Something done to a connection that was kept by name.
  async use({ name, method, args }) {
    const socket = kept.get(name);
    return { result: String(socket[method](...(args || []))) };
  },

  async listen(command) {
    const options = revive(command.options);
    const server = tls.createServer(options);
    const event = (event, what) => say({ server: command.id, event, ...what });
    server.on('secureConnection', (socket) => {
      event('secure', { ...facts(socket), identities: identities.splice(0), exported: exported(socket, command.exporter), encrypted: socket.encrypted });
      let received = 0;
      socket.on('error', (error) => event('error', failed(error)));
      socket.on('end', () => event('end', { received }));
      socket.on('close', (hadError) => event('close', { hadError, received }));
      // What it does at the first data, when both ends know that the handshake is done.
      const first = { fin: () => rawOf(socket).end(), reset: () => rawOf(socket).resetAndDestroy(), end: () => socket.end('goodbye') };
      if (first[command.behaviour]) socket.once('data', first[command.behaviour]);
      if (command.behaviour === 'sink') return void socket.on('data', (data) => { received += data.length; });
      if (command.behaviour === 'source') return void socket.end(Buffer.alloc(command.size, 'x'));
      socket.on('data', (data) => { received += data.length; if (!first[command.behaviour]) socket.write(data); });
    });
    server.on('tlsClientError', (error) => event('clientError', failed(error)));
    server.on('connection', (raw) => raws.push(raw));
    if (command.keylog) server.on('keylog', (line) => event('keylog', { line: line.toString() }));
    // staple: what it staples, base64.
    if (command.staple !== undefined) server.on('OCSPRequest', (certificate, issuer, callback) => {
      event('ocsp', { certificate: certificate.toString('base64'), issuer: issuer && issuer.toString('base64') });
      callback(null, command.staple && bytes(command.staple));
    });
    servers.set(command.id, server);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: server.address().port };
  },

  // Evaluates the body of an async function: for what is needed once.
  async run({ code, args }) {
    const body = new (Object.getPrototypeOf(async () => {}).constructor)('tls', 'net', 'revive', 'talk', 'facts', 'args', code);
    return { result: await body(tls, net, revive, talk, facts, args) };
  },
};

const raws = [];
const rawOf = (socket) => raws.find((raw) => raw.remotePort === socket.remotePort);

async function perform(command) {
  try {
    const answer = await operations[command.op](command);
    say({ answer: command.id, ...answer });
  } catch (error) {
    say({ answer: command.id, thrown: failed(error) });
  }
}

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (data) => {
  const lines = (rest + data).split('\n');
  rest = lines.pop();
  for (const line of lines) perform(JSON.parse(line));
});
process.stdin.on('end', () => process.exit(0));
