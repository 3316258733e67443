// A function's calls to the core.
'use strict';
const envVars = require('../aws-greengrass-common-js/env_vars');
const bytes = require('./bytes');
const connection = require('./connection');

const API_VERSION = '2016-11-01';
const ROUTER_ARN = 'arn:aws:lambda:::function:GGRouter';
const DEFAULT_PORT = 8000;
const LOOPBACK = '127.0.0.1'; // what localhost means to the core, without asking the resolver

// A core on another address than 127.0.0.1 tells it by this variable alone.
function hostOfCore() {
  const uri = /^http:\/\/(\[[^\]]*\]|[^:/]*)/.exec(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI || '');
  const host = uri === null ? '' : uri[1].replace(/[[\]]/g, '');
  return host === '' || host === 'localhost' ? LOOPBACK : host;
}

// The core refused: its words say why. A refusal stays one when it is asked again; a core that stops does not.
function refusal(head, body) {
  const why = body.toString().trim();
  const error = new Error(`HTTP Error ${head.status}: ${head.reason}${why ? `: ${why}` : ''}`);
  error.name = 'IPCException';
  error.statusCode = head.status;
  error.retryable = head.status >= 500;
  return error;
}

// Results are bytes that show themselves as text where the SDK puts them into an error's message.
function readable(body) {
  return Object.defineProperty(body, 'toJSON', { value: () => body.toString() });
}

class IPCClient {
  constructor(authToken) {
    this.authToken = authToken === undefined ? envVars.AUTH_TOKEN : authToken;
    this.host = hostOfCore();
    this.port = Number(envVars.GG_DAEMON_PORT || DEFAULT_PORT);
  }

  // Invokes a function: cb(error, invocationId).
  postWork(functionArn, payload, clientContext, invocationType, cb) {
    const headers = [
      ['X-Amz-Client-Context', clientContext || ''],
      ['X-Amz-Invocation-Type', invocationType || 'RequestResponse'],
    ];
    this._call('POST', functionArn, '', headers, payload, cb, (head) => cb(null, head.headers['x-amz-invocationid']));
  }

  // Waits for the result of postWork: cb(error, body, functionError, statusCode); functionError is '' on success.
  getWorkResult(functionArn, invocationId, cb) {
    if (functionArn === ROUTER_ARN) { // it has nothing to say
      process.nextTick(cb, null, readable(Buffer.alloc(0)), '', 200);
      return;
    }
    this._call('GET', functionArn, '', [['X-Amz-InvocationId', invocationId]], undefined, cb, (head, body) =>
      cb(null, readable(body), head.headers['x-amz-function-error'] || '', head.status));
  }

  // Waits for the next invocation of this function: cb(error, payload, invocationId, clientContext).
  getWork(functionArn, cb) {
    this._call('GET', functionArn, '/work', [], undefined, cb, (head, body) =>
      cb(null, body, head.headers['x-amz-invocationid'], head.headers['x-amz-client-context']));
  }

  postWorkResult(functionArn, result, invocationId, cb) {
    this._call('POST', functionArn, '/work', [['X-Amz-InvocationId', invocationId]], result, cb, () => cb(null));
  }

  // The error is an object in JSON.
  postHandlerErr(functionArn, errJson, invocationId, cb) {
    const headers = [['X-Amz-InvocationId', invocationId], ['X-Amz-Function-Error', 'Handled']];
    this._call('POST', functionArn, '/work', headers, errJson, cb, () => cb(null));
  }

  _call(method, functionArn, suffix, headers, payload, failed, done) {
    let body;
    try {
      body = bytes.of(payload, 'the payload');
    } catch (error) {
      process.nextTick(failed, error);
      return;
    }
    const path = `/${API_VERSION}/functions/${functionArn}${suffix}`;
    const all = [['Authorization', this.authToken]].concat(headers);
    connection.send(this.host, this.port, method, path, all, body, (error, head, answer) => {
      if (error) {
        failed(error);
      } else if (head.status >= 400) {
        failed(refusal(head, answer));
      } else {
        done(head, answer);
      }
    });
  }
}

module.exports = IPCClient;
