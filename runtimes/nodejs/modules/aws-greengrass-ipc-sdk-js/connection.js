// A small HTTP/1.1 client for the core's IPC, over connections that are kept.
//
// Node.js's own one refuses the heads of large client contexts, by a limit that differs between its versions. And these
// connections keep the process alive while an answer is awaited, and only then: so the runtime sees when a function has
// nothing left to do.
'use strict';
const net = require('net');

const AnswerReader = require('./answer_reader');

const idle = new Map(); // 'host:port' -> connections

class Connection {
  constructor(host, port) {
    this.key = `${host}:${port}`;
    this.usedBefore = false;
    this.reader = null;
    this.done = null;
    this.failure = null;
    this.socket = net.connect({ host, port });
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk) => this.received(chunk));
    this.socket.on('end', () => this.socket.destroy());
    this.socket.on('error', (error) => {
      this.failure = error;
    });
    this.socket.on('close', () => this.closed());
  }

  // done(error, {status, reason, headers}, body)
  exchange(request, done) {
    this.reader = new AnswerReader();
    this.done = done;
    this.socket.ref();
    this.socket.write(request);
  }

  received(chunk) {
    if (this.done === null) { // nothing was asked
      this.socket.destroy();
      return;
    }
    try {
      if (!this.reader.take(chunk)) return;
    } catch (error) {
      this.failure = error;
      this.socket.destroy();
      return;
    }
    const done = this.done;
    const reader = this.reader;
    this.done = null;
    this.reader = null;
    if ((reader.head.headers.connection || '').toLowerCase() === 'close') {
      this.socket.destroy();
    } else {
      this.keep();
    }
    done(null, reader.head, reader.body());
  }

  keep() {
    this.usedBefore = true;
    this.socket.unref();
    if (!idle.has(this.key)) idle.set(this.key, []);
    idle.get(this.key).push(this);
  }

  closed() {
    if (idle.has(this.key)) idle.set(this.key, idle.get(this.key).filter((other) => other !== this));
    if (this.done === null) return;
    const done = this.done;
    this.done = null;
    const error = this.failure || new Error('the core closed the connection');
    // The core closed a connection that lay idle: it never saw this request.
    error.unseen = this.usedBefore && !this.reader.started;
    done(error);
  }
}

function encode(host, method, path, headers, body) {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`];
  headers.forEach((header) => lines.push(`${header[0]}: ${header[1]}`));
  lines.push(`Content-Length: ${body.length}`);
  if (lines.some((line) => /[\r\n]/.test(line))) throw new Error('a line break in a header');
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

function exchange(host, port, request, done) {
  const kept = idle.get(`${host}:${port}`);
  const connection = (kept && kept.pop()) || new Connection(host, port);
  connection.exchange(request, (error, head, body) => {
    if (error && error.unseen) {
      exchange(host, port, request, done);
    } else {
      done(error, head, body);
    }
  });
}

// `headers` are pairs. done(error) when there is no answer, else done(null, {status, reason, headers by lower-case
// name}, body); never before send() has returned. Waits for as long as the core takes.
exports.send = function send(host, port, method, path, headers, body, done) {
  let request;
  try {
    request = encode(host, method, path, headers, body);
  } catch (error) {
    process.nextTick(done, error);
    return;
  }
  exchange(host, port, request, done);
};
