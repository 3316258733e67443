// node clients.js CLIENT OPTIONS: one stock client that subscribes to TOPIC/#, publishes to TOPIC/0, TOPIC/1 …, and
// prints each message that it gets as a line of JSON. Ends when all have come. OPTIONS is an object in JSON:
// {url | host, port, ca, clientId, topic, qos: [...], version: 4 | 5}, with {cert, key} or, for the "-wss" clients, which
// sign a WebSocket, {region, accessKeyId, secretKey}
'use strict';
const fs = require('fs');

const [name, given] = process.argv.slice(2);
const options = JSON.parse(given);
const payload = 'w\u00e5ter';
let missing = options.qos.length;

// What goes wrong after the last message is the end of the connection.
function fail(error) {
  if (missing === 0) process.exit(0);
  console.error(error);
  process.exit(1);
}

function got(message, end) {
  console.log(JSON.stringify(message));
  missing -= 1;
  if (missing === 0) end();
}

function file(path) {
  return path && fs.readFileSync(path);
}

function mqttjs() {
  const client = require('mqtt').connect(options.url, {
    protocolVersion: options.version,
    clientId: options.clientId,
    ca: file(options.ca),
    cert: file(options.cert),
    key: file(options.key),
    reconnectPeriod: 0,
    will: { topic: `${options.topic}/will`, payload: 'gone', qos: 1 },
  });
  const properties = options.version === 5 && { contentType: 'text/plain', userProperties: { k: 'v' } };
  client.on('error', fail);
  client.on('message', (topic, data, packet) => {
    const said = packet.properties || {};
    const message = { topic, payload: data.toString(), qos: packet.qos, retain: packet.retain };
    if (options.version === 5) Object.assign(message, { contentType: said.contentType, user: said.userProperties });
    got(message, () => client.end());
  });
  client.on('connect', () => {
    client.subscribe(`${options.topic}/#`, { qos: 2 }, (error) => {
      if (error) fail(error);
      options.qos.forEach((qos, n) =>
        client.publish(`${options.topic}/${n}`, payload, { qos, properties: properties || undefined }));
    });
  });
}

function sdkV1(identity) {
  const client = require('aws-iot-device-sdk').device({
    host: options.host,
    port: options.port,
    clientId: options.clientId,
    caPath: options.ca,
    ...identity,
  });
  client.on('error', fail);
  client.on('message', (topic, data) => got({ topic, payload: data.toString() }, () => client.end()));
  client.on('connect', () => {
    client.subscribe(`${options.topic}/#`, { qos: 1 }, (error) => {
      if (error) fail(error);
      options.qos.forEach((qos, n) => client.publish(`${options.topic}/${n}`, payload, { qos }));
    });
  });
}

function signer() {
  return require('aws-iot-device-sdk-v2').auth.AwsCredentialsProvider.newStatic(options.accessKeyId, options.secretKey);
}

async function sdkV2(builder) {
  const { mqtt } = require('aws-iot-device-sdk-v2');
  const { leave } = require('./connect_v2');
  const config = builder
    .with_certificate_authority_from_path(undefined, options.ca)
    .with_client_id(options.clientId)
    .with_endpoint(options.host)
    .with_port(options.port)
    .with_clean_session(true)
    .build();
  const connection = new mqtt.MqttClient().new_connection(config);
  await connection.connect();
  await connection.subscribe(`${options.topic}/#`, mqtt.QoS.AtLeastOnce, (topic, data) =>
    got({ topic, payload: Buffer.from(data).toString() }, () => leave(connection)));
  for (const [n, qos] of options.qos.entries()) {
    await connection.publish(`${options.topic}/${n}`, payload, qos);
  }
}

async function sdkV2Mqtt5(builder) {
  const { mqtt5 } = require('aws-iot-device-sdk-v2');
  const config = builder
    .withCertificateAuthorityFromPath(undefined, options.ca)
    .withPort(options.port)
    .withConnectProperties({ clientId: options.clientId, keepAliveIntervalSeconds: 60 })
    .build();
  const client = new mqtt5.Mqtt5Client(config);
  client.on('connectionFailure', (event) => fail(event.error));
  client.on('messageReceived', ({ message }) =>
    got({ topic: message.topicName, payload: Buffer.from(message.payload).toString(), qos: message.qos,
          user: message.userProperties }, () => client.stop()));
  client.on('stopped', () => process.exit(0));
  const connected = new Promise((resolve) => client.once('connectionSuccess', resolve));
  client.start();
  await connected;
  await client.subscribe({ subscriptions: [{ topicFilter: `${options.topic}/#`, qos: 1 }] });
  for (const [n, qos] of options.qos.entries()) {
    await client.publish({
      topicName: `${options.topic}/${n}`, payload, qos, userProperties: [{ name: 'k', value: 'v' }],
    });
  }
}

const iot = () => require('aws-iot-device-sdk-v2').iot;
const clients = {
  mqttjs,
  'sdk-v1': () => sdkV1({ certPath: options.cert, keyPath: options.key }),
  'sdk-v1-wss': () => sdkV1({ protocol: 'wss', region: options.region, accessKeyId: options.accessKeyId,
                              secretKey: options.secretKey }),
  'sdk-v2': () => sdkV2(iot().AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(options.cert, options.key)),
  'sdk-v2-wss': () => sdkV2(iot().AwsIotMqttConnectionConfigBuilder.new_with_websockets(
    { region: options.region, credentials_provider: signer() })),
  'sdk-v2-mqtt5': () => sdkV2Mqtt5(iot().AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromPath(
    options.host, options.cert, options.key)),
  'sdk-v2-mqtt5-wss': () => sdkV2Mqtt5(iot().AwsIotMqtt5ClientConfigBuilder.newWebsocketMqttBuilderWithSigv4Auth(
    options.host, { region: options.region, credentialsProvider: signer() })),
};
Promise.resolve(clients[name]()).catch(fail);
