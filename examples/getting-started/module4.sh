#!/usr/bin/env bash
# Module 4: three devices find the core with the discovery API and talk through it, each with
# another SDK. The service must listen on port 443, where SDK v2's discovery client looks:
# as root, ./dev run --no-sample --address 127.0.0.2
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
recall

TOPIC=hello/world/pubsub
DEVICES=(HelloWorld_SDKv2 HelloWorld_SDKv1 HelloWorld_Paho)

# 1. Each device is a thing of its own, and a member of the group.
entries=''
ARN=()
for device in "${DEVICES[@]}"; do
  new_thing "$device"
  ARN+=("$THING_ARN")
  entries+="${entries:+,}{\"Id\": \"$device\", \"ThingArn\": \"$THING_ARN\",
    \"CertificateArn\": \"$CERTIFICATE_ARN\", \"SyncShadow\": false}"
done
DEVICE_LIST=$(aws greengrass create-device-definition \
  --initial-version "{\"Devices\": [$entries]}" --query LatestVersionArn)

# 2. Who may say what to whom: v2 -> v1 -> paho -> v2.
SUBSCRIPTIONS=$(aws greengrass create-subscription-definition --initial-version "{
  \"Subscriptions\": [
    {\"Id\": \"v2-v1\", \"Source\": \"${ARN[0]}\", \"Target\": \"${ARN[1]}\", \"Subject\": \"$TOPIC\"},
    {\"Id\": \"v1-paho\", \"Source\": \"${ARN[1]}\", \"Target\": \"${ARN[2]}\", \"Subject\": \"$TOPIC\"},
    {\"Id\": \"paho-v2\", \"Source\": \"${ARN[2]}\", \"Target\": \"${ARN[0]}\", \"Subject\": \"$TOPIC\"}]}" \
  --query LatestVersionArn)

# 3. Where devices reach this core.
aws greengrass update-connectivity-info --thing-name "${CORE_ARN##*/}" --connectivity-info \
  "Id=local,HostAddress=127.0.0.1,PortNumber=$GG_MQTT_PORT" --query Version >/dev/null

deploy --device-definition-version-arn "$DEVICE_LIST" \
  --subscription-definition-version-arn "$SUBSCRIPTIONS"

# 4. The devices: each hears one of the others and speaks to one, over the core alone.
# device NAME OPTIONS: one run of a device's program.
device() {
  local name=$1
  shift
  local program=(/usr/bin/python3 "$HERE/devices/paho_device.py")
  case $name in
    *_SDKv2) program=(node "$HERE/devices/sdk_v2_device.js") ;;
    *_SDKv1) program=(node "$HERE/devices/sdk_v1_device.js") ;;
  esac
  # The SDKs themselves: (cd tests/interop && npm ci)
  NODE_PATH=$TREE/tests/interop/node_modules "${program[@]}" \
    --endpoint "${IOT_HTTPS%:*}" --port "${IOT_HTTPS##*:}" --rootCA "$CA" \
    --cert "$GG_WORK/certs/$name.cert.pem" --key "$GG_WORK/certs/$name.private.key" \
    --thingName "$name" --topic "$TOPIC" "$@"
}

# talk FROM TO: the receiver ends by itself once it has heard one message.
talk() {
  local from=$1 to=$2 heard receiver line
  exec {heard}< <(device "$to" --mode subscribe)
  receiver=$!
  while read -r line <&"$heard"; do
    echo "$to: $line"
    [[ $line == Subscribed* ]] && break
  done
  device "$from" --mode publish --message "{\"message\": \"Hello from $from\"}"
  while read -r line <&"$heard"; do
    echo "$to: $line"
  done
  exec {heard}<&-
  wait "$receiver"
}

talk HelloWorld_SDKv2 HelloWorld_SDKv1
talk HelloWorld_SDKv1 HelloWorld_Paho
talk HelloWorld_Paho HelloWorld_SDKv2
