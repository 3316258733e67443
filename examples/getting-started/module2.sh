#!/usr/bin/env bash
# Module 2 of the Greengrass V1 developer guide: a group with a core, and the core started.
# Run it once for a $GG_WORK; see common.sh for what can be set.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

CORE=${CORE:-MyGroup_Core}

# 1. The core is a thing with a certificate, like every device. (A second thing watches the
#    messages that reach the service, as the test page of AWS's console did.)
new_thing Watcher
new_thing "$CORE"
remember CORE_ARN "$THING_ARN"

# 2. A group with this core in it.
CORES=$(aws greengrass create-core-definition --name MyCores --initial-version "{\"Cores\": [{
  \"Id\": \"core\", \"ThingArn\": \"$THING_ARN\", \"CertificateArn\": \"$CERTIFICATE_ARN\",
  \"SyncShadow\": false}]}" --query LatestVersionArn)
GROUP_ID=$(aws greengrass create-group --name MyGroup --query Id)
aws greengrass create-group-version --group-id "$GROUP_ID" \
  --core-definition-version-arn "$CORES" --query Arn >/dev/null
remember CORES "$CORES"
remember GROUP_ID "$GROUP_ID"

# 3. The core's folder: its keys, the service's CA, and config.json.
mkdir -p "$GG_ROOT/certs" "$GG_ROOT/config"
cp "$GG_WORK/certs/$CORE".* "$GG_ROOT/certs/"
cp "$CA" "$GG_ROOT/certs/root.ca.pem"
cat >"$GG_ROOT/config/config.json" <<END
{
  "coreThing": {
    "caPath": "root.ca.pem",
    "certPath": "$CORE.cert.pem",
    "keyPath": "$CORE.private.key",
    "thingArn": "$CORE_ARN",
    "iotHost": "$IOT_HOST",
    "ggHost": "${IOT_HTTPS%:*}",
    "iotMqttPort": ${IOT_MQTT##*:},
    "iotHttpPort": ${IOT_HTTPS##*:},
    "ggHttpPort": ${IOT_HTTPS##*:},
    "ggMqttPort": $GG_MQTT_PORT,
    "ggDaemonPort": $GG_DAEMON_PORT,
    "keepAlive": 600
  },
  "runtime": { "cgroup": { "useSystemd": "yes" } },
  "managedRespawn": false,
  "crypto": {
    "principals": {
      "SecretsManager": { "privateKeyPath": "file://$GG_ROOT/certs/$CORE.private.key" },
      "IoTCertificate": {
        "privateKeyPath": "file://$GG_ROOT/certs/$CORE.private.key",
        "certificatePath": "file://$GG_ROOT/certs/$CORE.cert.pem"
      }
    },
    "caPath": "file://$GG_ROOT/certs/root.ca.pem"
  },
  "pidFileDirectory": "$GG_ROOT"
}
END

# 4. The core. (Stop it with the same command and `stop`.)
"$GREENGRASSD" start --root "$GG_ROOT" ${GG_START_OPTIONS:-}

# 5. An empty group is a deployment too: it shows that service and core know each other.
deploy
