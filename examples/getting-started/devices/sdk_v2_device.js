// A device that uses aws-iot-device-sdk-v2 with its own discovery client, which always asks
// port 443 with ALPN x-amzn-http-ca.
'use strict';
const fs = require('fs');
const { greengrass, io, iot, mqtt } = require('aws-iot-device-sdk-v2');
const { readArguments, fail } = require('./discovery');

async function discover(args) {
  const options = io.TlsContextOptions.create_client_with_mtls_from_path(args.cert, args.key);
  options.override_default_trust_store(fs.readFileSync(args.rootCA, 'utf8'));
  options.alpn_list = ['x-amzn-http-ca'];
  const client = new greengrass.DiscoveryClient(
    new io.ClientBootstrap(),
    new io.SocketOptions(io.SocketType.STREAM, io.SocketDomain.IPV4, 10000),
    new io.ClientTlsContext(options),
    undefined,
    args.endpoint
  );
  return client.discover(args.thingName);
}

// Connects to the first core of the first group.
async function connect(args, groups) {
  const group = groups.gg_groups[0];
  const core = group.cores[0].connectivity[0];
  console.log(`Core at ${core.host_address}:${core.port} in group ${group.gg_group_id}`);
  const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(args.cert, args.key)
    .with_certificate_authority(group.certificate_authorities.join(''))
    .with_client_id(args.thingName)
    .with_clean_session(true)
    .with_endpoint(core.host_address)
    .with_port(core.port)
    .build();
  const connection = new mqtt.MqttClient(new io.ClientBootstrap()).new_connection(config);
  await connection.connect();
  return connection;
}

// Resolves with the first message.
function hear(connection, topic) {
  return new Promise((resolve, reject) => {
    connection
      .subscribe(topic, mqtt.QoS.AtMostOnce, (from, payload) =>
        resolve(`${from}: ${Buffer.from(payload)}`))
      .then(() => console.log(`Subscribed to ${topic}`), reject);
  });
}

async function main() {
  const args = readArguments();
  const connection = await connect(args, await discover(args));
  if (args.mode === 'subscribe') {
    console.log(`Received message on topic ${await hear(connection, args.topic)}`);
  } else {
    await connection.publish(args.topic, args.message, mqtt.QoS.AtLeastOnce);
    console.log(`Published topic ${args.topic}: ${args.message}`);
  }
  await connection.disconnect();
}

// The discovery client's connections would keep the program alive for minutes.
main().then(() => process.exit(0), fail);
