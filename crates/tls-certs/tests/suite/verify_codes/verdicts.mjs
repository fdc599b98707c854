// Node's verdict about each chain that arrives on stdin: {name: {chain, key, ca, crl}} in PEM.
// Answers {name: {code, message}}; the code is "ok" for an accepted chain.
import tls from 'node:tls';

let input = '';
for await (const part of process.stdin) input += part;

function ask({ chain, key, ca, crl, client }) {
  return new Promise((answer) => {
    const verdict = (error) => answer(error
      ? { code: error.code ?? String(error), message: error.message ?? '' }
      : { code: 'ok', message: '' });
    const trust = { ca, ...(crl.length ? { crl } : {}) };
    const mine = { cert: chain, key };
    let server;
    try {
      server = tls.createServer(client
        ? { cert: client.cert, key: client.key, ...trust, requestCert: true, rejectUnauthorized: false }
        : mine);
    } catch (error) { return verdict(error); }
    server.on('tlsClientError', () => {});
    if (client) {
      server.on('secureConnection', (socket) => {
        verdict(socket.authorized ? null : { code: socket.authorizationError, message: '' });
        socket.destroy(); server.close();
      });
    }
    server.listen(0, '127.0.0.1', () => {
      let socket;
      try {
        socket = tls.connect({
          port: server.address().port, host: '127.0.0.1', servername: 'localhost',
          ...(client ? { ...mine, rejectUnauthorized: false } : trust),
        });
      } catch (error) { server.close(); return verdict(error); }
      if (client) { socket.on('error', () => {}); socket.on('secureConnect', () => {}); return; }
      const end = (error) => { socket.destroy(); server.close(); verdict(error); };
      socket.on('secureConnect', () => end(null));
      socket.on('error', end);
    });
  });
}

const answers = {};
for (const [name, question] of Object.entries(JSON.parse(input))) answers[name] = await ask(question);
console.log(JSON.stringify(answers));
process.exit(0);
