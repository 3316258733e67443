// node shadows.js CLIENT OPTIONS: the shadow client of a stock device SDK goes through update, delta, get and delete of
// a thing's shadow, and prints what it is told as lines of JSON. OPTIONS is an object in JSON:
// {host, port, ca, cert, key, clientId, thing, shadow}; `shadow` is for "sdk-v2", which knows named shadows.
'use strict';
const [name, given] = process.argv.slice(2);
const options = JSON.parse(given);

function say(event, body) {
  console.log(JSON.stringify({ event, body }));
}

function fail(error) {
  console.error(error);
  process.exit(1);
}

function sdkV1() {
  const { thing } = options;
  const shadows = require('aws-iot-device-sdk').thingShadow({
    host: options.host,
    port: options.port,
    clientId: options.clientId,
    caPath: options.ca,
    certPath: options.cert,
    keyPath: options.key,
  });
  const steps = [
    () => shadows.update(thing, { state: { reported: { color: 'green' } } }),
    () => shadows.update(thing, { state: { desired: { color: 'red' } } }),
    () => shadows.get(thing),
    () => shadows.delete(thing),
    () => shadows.get(thing),
    () => shadows.end(false, () => process.exit(0)),
  ];
  const next = () => setImmediate(steps.shift());
  let deltas = 0;
  let accepted = 0;
  shadows.on('error', fail);
  shadows.on('timeout', () => fail('an operation was not answered'));
  shadows.on('status', (of, status, token, body) => {
    say(status, body);
    accepted += 1;
    // After the update of desired, its delta is waited for too.
    if (accepted !== 2 || deltas === 1) next();
  });
  shadows.on('delta', (of, body) => {
    say('delta', body);
    deltas += 1;
    if (accepted === 2) next();
  });
  shadows.once('connect', () => shadows.register(thing, {}, (error) => (error ? fail(error) : next())));
}

async function sdkV2() {
  const { iotshadow, mqtt } = require('aws-iot-device-sdk-v2');
  const connect = require('./connect_v2');
  const connection = await connect(options);
  const client = new iotshadow.IotShadowClient(connection);
  const request = { thingName: options.thing, shadowName: options.shadow };
  const qos = mqtt.QoS.AtLeastOnce;
  let heard;
  const expect = (count, action) => new Promise((resolve, reject) => {
    heard = () => { count -= 1; if (count === 0) resolve(); };
    action().catch(reject);
  });
  const listen = (event) => (error, body) => {
    if (error) fail(error);
    say(event, body);
    heard();
  };
  await client.subscribeToNamedShadowDeltaUpdatedEvents(request, qos, listen('delta'));
  await client.subscribeToUpdateNamedShadowAccepted(request, qos, listen('accepted'));
  await client.subscribeToUpdateNamedShadowRejected(request, qos, listen('rejected'));
  await client.subscribeToGetNamedShadowAccepted(request, qos, listen('accepted'));
  await client.subscribeToGetNamedShadowRejected(request, qos, listen('rejected'));
  await client.subscribeToDeleteNamedShadowAccepted(request, qos, listen('accepted'));
  const update = (state, more) => client.publishUpdateNamedShadow({ ...request, state, ...more }, qos);
  await expect(1, () => update({ reported: { color: 'green' } }, { clientToken: 't' }));
  await expect(2, () => update({ desired: { color: 'red' } }));
  await expect(1, () => update({ desired: { color: 'blue' } }, { version: 1 }));
  await expect(1, () => client.publishGetNamedShadow(request, qos));
  await expect(1, () => client.publishDeleteNamedShadow(request, qos));
  await expect(1, () => client.publishGetNamedShadow(request, qos));
  await connect.leave(connection);
}

Promise.resolve({ 'sdk-v1': sdkV1, 'sdk-v2': sdkV2 }[name]()).catch(fail);
