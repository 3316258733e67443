// node jobs.js OPTIONS: the jobs client of the stock device SDK v2 takes its thing's next job to its end, and prints
// what it is told as lines of JSON. OPTIONS is an object in JSON: {host, port, ca, cert, key, clientId, thing, job}.
'use strict';
const { iotjobs, mqtt } = require('aws-iot-device-sdk-v2');
const connect = require('./connect_v2');
const options = JSON.parse(process.argv[2]);

function fail(error) {
  console.error(error);
  process.exit(1);
}

async function main() {
  const connection = await connect(options);
  const client = new iotjobs.IotJobsClient(connection);
  const { thing: thingName, job: jobId } = options;
  const qos = mqtt.QoS.AtLeastOnce;
  let heard;
  const expect = (count, action) => new Promise((resolve, reject) => {
    heard = () => { count -= 1; if (count === 0) resolve(); };
    action().catch(reject);
  });
  const listen = (event) => (error, body) => {
    if (error) fail(error);
    console.log(JSON.stringify({ event, body }));
    heard();
  };
  await client.subscribeToNextJobExecutionChangedEvents({ thingName }, qos, listen('next'));
  await client.subscribeToGetPendingJobExecutionsAccepted({ thingName }, qos, listen('pending'));
  await client.subscribeToDescribeJobExecutionAccepted({ thingName, jobId }, qos, listen('described'));
  await client.subscribeToStartNextPendingJobExecutionAccepted({ thingName }, qos, listen('started'));
  await client.subscribeToUpdateJobExecutionAccepted({ thingName, jobId }, qos, listen('updated'));
  await client.subscribeToUpdateJobExecutionRejected({ thingName, jobId }, qos, listen('rejected'));
  await expect(1, () => client.publishGetPendingJobExecutions({ thingName }, qos));
  await expect(1, () => client.publishDescribeJobExecution({ thingName, jobId }, qos));
  await expect(1, () => client.publishStartNextPendingJobExecution({ thingName }, qos));
  const update = { thingName, jobId, status: 'SUCCEEDED' };
  await expect(1, () => client.publishUpdateJobExecution({ ...update, expectedVersion: 1 }, qos));
  await expect(2, () => client.publishUpdateJobExecution({ ...update, expectedVersion: 2 }, qos));
  await connect.leave(connection);
}

main().catch(fail);
