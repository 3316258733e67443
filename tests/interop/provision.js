// node provision.js OPTIONS: the identity client of the stock device SDK v2 asks for a certificate and provisions itself,
// and prints both answers as lines of JSON. OPTIONS is an object in JSON: {host, port, ca, cert, key, clientId, template,
// parameters}; with `csr` the key stays here.
'use strict';
const { iotidentity, mqtt } = require('aws-iot-device-sdk-v2');
const connect = require('./connect_v2');
const options = JSON.parse(process.argv[2]);

function fail(error) {
  console.error(error);
  process.exit(1);
}

async function main() {
  const connection = await connect(options);
  const client = new iotidentity.IotIdentityClient(connection);
  const { template: templateName, parameters, csr } = options;
  const qos = mqtt.QoS.AtLeastOnce;
  let heard;
  const answerTo = (action) => new Promise((resolve, reject) => {
    heard = resolve;
    action().catch(reject);
  });
  const listen = (event) => (error, body) => {
    if (error) fail(error);
    console.log(JSON.stringify({ event, body }));
    heard(body);
  };
  const refused = (error, body) => fail(error || JSON.stringify(body));
  await client.subscribeToCreateKeysAndCertificateAccepted({}, qos, listen('created'));
  await client.subscribeToCreateKeysAndCertificateRejected({}, qos, refused);
  await client.subscribeToCreateCertificateFromCsrAccepted({}, qos, listen('created'));
  await client.subscribeToCreateCertificateFromCsrRejected({}, qos, refused);
  await client.subscribeToRegisterThingAccepted({ templateName }, qos, listen('registered'));
  await client.subscribeToRegisterThingRejected({ templateName }, qos, refused);
  const { certificateOwnershipToken } = await answerTo(() => (csr
    ? client.publishCreateCertificateFromCsr({ certificateSigningRequest: csr }, qos)
    : client.publishCreateKeysAndCertificate({}, qos)));
  await answerTo(() => client.publishRegisterThing({ templateName, certificateOwnershipToken, parameters }, qos));
  await connect.leave(connection);
}

main().catch(fail);
