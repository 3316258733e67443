// node every_operation.mjs FILE: takes the steps of FILE (see every_operation.py) with the stock AWS SDK for JavaScript v3 and
// prints the names of the operations that were answered as they should be. FILE is {endpoint, region, credentials, steps}.
import { readFileSync } from 'node:fs';
import * as greengrass from '@aws-sdk/client-greengrass';
import * as iot from '@aws-sdk/client-iot';

const { endpoint, region, credentials, steps } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const settings = { endpoint, region, credentials, maxAttempts: 1 };
const clients = {
  greengrass: [greengrass, new greengrass.GreengrassClient(settings)],
  iot: [iot, new iot.IoTClient(settings)],
};

function resolved(value, saved) {
  if (Array.isArray(value)) return value.map((each) => resolved(each, saved));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolved(each, saved)]));
  }
  if (typeof value === 'string' && value.startsWith('$')) {
    return value.slice(1).split('.').reduce((found, part) => found[part], saved);
  }
  return value;
}

const saved = {};
for (const { service, operation, input, save, refused } of steps) {
  const [sdk, client] = clients[service];
  let answer;
  let code = null;
  try {
    answer = await client.send(new sdk[`${operation}Command`](resolved(input, saved)));
  } catch (error) {
    code = error.name;
    if (code !== refused) {
      console.error(`${service}:${operation}`, error);
      process.exit(1);
    }
  }
  if (code !== refused) {
    console.error(`${service}:${operation} succeeded and should be refused: ${refused}`);
    process.exit(1);
  }
  if (save) saved[save] = answer;
  console.log(`${service}:${operation}`);
}
