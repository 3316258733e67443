// What the two Node.js devices share: their arguments, and discovery as a plain HTTPS call.
'use strict';
const fs = require('fs');
const https = require('https');
const { parseArgs } = require('util');

function readArguments() {
  const text = { type: 'string' };
  const { values } = parseArgs({
    options: {
      endpoint: text, // host of the service
      port: text, // of its HTTPS with client certificates
      rootCA: text, // the service's CA, a file
      cert: text,
      key: text,
      thingName: text,
      topic: text,
      mode: text, // publish: says --message once; subscribe: ends after the first message
      message: text,
    },
  });
  return values;
}

// The groups of this thing, as the service answers them.
function discover(args) {
  const request = {
    host: args.endpoint,
    port: Number(args.port),
    path: `/greengrass/discover/thing/${encodeURIComponent(args.thingName)}`,
    ca: fs.readFileSync(args.rootCA),
    cert: fs.readFileSync(args.cert),
    key: fs.readFileSync(args.key),
  };
  return new Promise((resolve, reject) => {
    https
      .get(request, (response) => {
        let body = '';
        response.on('data', (part) => (body += part));
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(body));
          else reject(new Error(`discovery answered ${response.statusCode}: ${body}`));
        });
      })
      .on('error', reject);
  });
}

// Ends the program with the reason.
function fail(error) {
  console.error(error);
  process.exit(1);
}

module.exports = { readArguments, discover, fail };
