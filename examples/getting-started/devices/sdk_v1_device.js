// A device that uses aws-iot-device-sdk (v1). That SDK has no discovery: a plain HTTPS call does it.
'use strict';
const { device } = require('aws-iot-device-sdk');
const { readArguments, discover, fail } = require('./discovery');

// Connects to the first core of the first group.
function connect(args, groups) {
  const group = groups.GGGroups[0];
  const core = group.Cores[0].Connectivity[0];
  console.log(`Core at ${core.HostAddress}:${core.PortNumber} in group ${group.GGGroupId}`);
  return device({
    host: core.HostAddress,
    port: core.PortNumber,
    clientId: args.thingName,
    caCert: Buffer.from(group.CAs.join('')),
    certPath: args.cert,
    keyPath: args.key,
  });
}

function talk(args, connection) {
  connection.on('error', fail);
  connection.on('message', (topic, payload) => {
    console.log(`Received message on topic ${topic}: ${payload}`);
    connection.end();
  });
  connection.on('connect', () => {
    if (args.mode === 'subscribe') {
      connection.subscribe(args.topic, { qos: 0 }, (error) =>
        error ? fail(error) : console.log(`Subscribed to ${args.topic}`));
    } else {
      connection.publish(args.topic, args.message, { qos: 1 }, (error) => {
        if (error) fail(error);
        console.log(`Published topic ${args.topic}: ${args.message}`);
        connection.end();
      });
    }
  });
}

const args = readArguments();
discover(args)
  .then((groups) => talk(args, connect(args, groups)))
  .catch(fail);
