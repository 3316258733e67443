// connect(options): a connection of the stock device SDK v2; options has host, port, ca, cert, key and clientId.
'use strict';
const { iot, mqtt } = require('aws-iot-device-sdk-v2');

module.exports = async function connect(options) {
  const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(options.cert, options.key)
    .with_certificate_authority_from_path(undefined, options.ca)
    .with_client_id(options.clientId)
    .with_endpoint(options.host)
    .with_port(options.port)
    .with_clean_session(true)
    .build();
  const connection = new mqtt.MqttClient().new_connection(config);
  await connection.connect();
  return connection;
};

// Disconnects and ends the process. Its end is not left to Node: aws-crt then frees what its subscriptions hold while
// Node's environment goes, which at times aborts the process (napi_release_threadsafe_function).
module.exports.leave = async function leave(connection) {
  await connection.disconnect();
  process.exit(0);
};
