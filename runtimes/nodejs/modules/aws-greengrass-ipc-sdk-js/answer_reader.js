// Reads one HTTP/1.1 answer of the core as it comes: a head and a body of Content-Length bytes.
'use strict';

const MAX_HEAD = 256 * 1024;
const END_OF_HEAD = '\r\n\r\n';

function parseHead(text) {
  const lines = text.split('\r\n');
  const first = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(lines[0]);
  if (first === null) throw new Error(`not an HTTP answer: ${JSON.stringify(lines[0].slice(0, 80))}`);
  const headers = {};
  lines.slice(1).forEach((line) => {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  });
  return { status: Number(first[1]), reason: first[2] || '', headers };
}

class AnswerReader {
  constructor() {
    this.head = null; // {status, reason, headers}
    this.started = false;
    this.pieces = [];
    this.missing = 0;
  }

  // True when the answer is complete. Throws when it is none, or when there is more than one.
  take(chunk) {
    this.started = true;
    this.pieces.push(chunk);
    if (this.head === null) {
      this.readHead();
    } else {
      this.missing -= chunk.length;
    }
    if (this.head !== null && this.missing < 0) throw new Error('the core sent more than one answer');
    return this.head !== null && this.missing === 0;
  }

  body() {
    return Buffer.concat(this.pieces);
  }

  readHead() {
    const received = Buffer.concat(this.pieces);
    const end = received.indexOf(END_OF_HEAD);
    if (end === -1) {
      if (received.length > MAX_HEAD) throw new Error('the head of the answer is too large');
      this.pieces = [received];
      return;
    }
    this.head = parseHead(received.toString('latin1', 0, end));
    const rest = received.slice(end + END_OF_HEAD.length);
    this.pieces = [rest];
    this.missing = Number(this.head.headers['content-length'] || 0) - rest.length;
    if (!Number.isInteger(this.missing)) throw new Error('the length of the answer is not a number');
  }
}

module.exports = AnswerReader;
