# Sourced by the module scripts: where the service is, and the steps that they repeat.
#
#   EVERGRASS_ENDPOINTS  the file that `evergrass up` wrote     (default: .run/endpoints.json)
#   GG_WORK              keys, ids and packages of this tutorial (default: ~/greengrass-tutorial)
#   GG_ROOT              the core's folder                      (default: $GG_WORK/greengrass)
#   GG_MQTT_PORT, GG_DAEMON_PORT  where the core listens         (default: 8884 and 8001)
#   GG_START_OPTIONS     for greengrassd start: -i where the kernel's link protection is off
#   GREENGRASSD          the core's program                     (default: build/release/bin/greengrassd)
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TREE=$(cd "$HERE/../.." && pwd)
EVERGRASS_ENDPOINTS=${EVERGRASS_ENDPOINTS:-$TREE/.run/endpoints.json}
GG_WORK=${GG_WORK:-$HOME/greengrass-tutorial}
GG_ROOT=${GG_ROOT:-$GG_WORK/greengrass}
GG_MQTT_PORT=${GG_MQTT_PORT:-8884}
GG_DAEMON_PORT=${GG_DAEMON_PORT:-8001}
GREENGRASSD=${GREENGRASSD:-$TREE/build/release/bin/greengrassd}

[[ -r $EVERGRASS_ENDPOINTS ]] || {
  echo "No $EVERGRASS_ENDPOINTS: start the service first, with ./dev run --no-sample" >&2
  exit 1
}
mkdir -p "$GG_WORK"

# member NAME FILE: one member of a JSON file.
member() {
  /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[2]))[sys.argv[1]])' "$1" "$2"
}

API=$(member api "$EVERGRASS_ENDPOINTS")
CA=$(member ca_file "$EVERGRASS_ENDPOINTS")
IOT_MQTT=$(member iot_mqtt "$EVERGRASS_ENDPOINTS")
IOT_HTTPS=$(member iot_https "$EVERGRASS_ENDPOINTS")
IOT_HOST=${IOT_MQTT%:*}
AWS_ACCESS_KEY_ID=$(member access_key_id "$EVERGRASS_ENDPOINTS")
AWS_SECRET_ACCESS_KEY=$(member secret_access_key "$EVERGRASS_ENDPOINTS")
AWS_DEFAULT_REGION=$(member region "$EVERGRASS_ENDPOINTS")
AWS_PAGER=
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION AWS_PAGER

# Debian's CLI, told where the service is and whom to trust. Its answers are bare text here.
aws() {
  /usr/bin/aws --endpoint-url "$API" --ca-bundle "$CA" --output text "$@"
}

# How functions run: isolated, as the user that module 1 of the guide makes (adduser --system
# ggc_user; addgroup --system ggc_group); where nobody made it, as nobody.
EXECUTION='{"IsolationMode": "GreengrassContainer", "RunAs": {"Uid": 65534, "Gid": 65534}}'
if [[ $(id -u) != 0 ]] || { getent passwd ggc_user && getent group ggc_group; } >/dev/null; then
  EXECUTION='{"IsolationMode": "GreengrassContainer"}'
fi

# What one module learns and the next one needs. remember NAME VALUE; recall reads them all.
remember() {
  declare -g "$1=$2"
  printf '%s=%q\n' "$1" "$2" >>"$GG_WORK/state"
}

recall() {
  [[ -r $GG_WORK/state ]] || {
    echo "Nothing is known yet in $GG_WORK: run module2.sh first" >&2
    exit 1
  }
  # shellcheck disable=SC1091
  source "$GG_WORK/state"
}

# new_thing NAME: a thing with keys and an active certificate in $GG_WORK/certs, allowed everything.
# Sets THING_ARN and CERTIFICATE_ARN.
new_thing() {
  local name=$1 certs=$GG_WORK/certs
  mkdir -p "$certs"
  THING_ARN=$(aws iot create-thing --thing-name "$name" --query thingArn)
  CERTIFICATE_ARN=$(aws iot create-keys-and-certificate --set-as-active \
    --certificate-pem-outfile "$certs/$name.cert.pem" \
    --private-key-outfile "$certs/$name.private.key" \
    --public-key-outfile "$certs/$name.public.key" --query certificateArn)
  aws iot create-policy --policy-name "${name}_policy" --policy-document '{
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["iot:*", "greengrass:*"], "Resource": ["*"]}]
  }' --query policyArn >/dev/null
  aws iot attach-policy --policy-name "${name}_policy" --target "$CERTIFICATE_ARN"
  aws iot attach-thing-principal --thing-name "$name" --principal "$CERTIFICATE_ARN"
}

# new_function NAME FILE.py: packs and publishes it. Sets FUNCTION_ARN to the alias that the group
# will refer to: an alias can be moved to a newer version without touching the group.
new_function() {
  local name=$1 source=$2 version module
  module=$(basename "$source" .py)
  rm -f "$GG_WORK/$name.zip"
  (cd "$(dirname "$source")" && zip -q "$GG_WORK/$name.zip" "$(basename "$source")")
  aws lambda create-function --function-name "$name" --runtime python3.7 \
    --role "arn:aws:iam::$(member account "$EVERGRASS_ENDPOINTS"):role/lambda_basic_execution" \
    --handler "$module.function_handler" --zip-file "fileb://$GG_WORK/$name.zip" \
    --query FunctionArn >/dev/null
  version=$(aws lambda publish-version --function-name "$name" --query Version)
  FUNCTION_ARN=$(aws lambda create-alias --function-name "$name" --name "GG_${name#Greengrass_}" \
    --function-version "$version" --query AliasArn)
}

# deploy OPTIONS: a new group version of the core and what the options name, and waits until the
# core runs it.
deploy() {
  local version deployment status=Building
  version=$(aws greengrass create-group-version --group-id "$GROUP_ID" \
    --core-definition-version-arn "$CORES" "$@" --query Version)
  deployment=$(aws greengrass create-deployment --group-id "$GROUP_ID" \
    --group-version-id "$version" --deployment-type NewDeployment --query DeploymentId)
  while [[ $status == Building || $status == InProgress ]]; do
    status=$(aws greengrass get-deployment-status --group-id "$GROUP_ID" \
      --deployment-id "$deployment" --query DeploymentStatus)
  done
  echo "Deployment $deployment: $status"
  [[ $status == Success ]] || {
    aws greengrass get-deployment-status --group-id "$GROUP_ID" --deployment-id "$deployment" >&2
    exit 1
  }
}

# watch TOPIC OPTIONS: what arrives on a topic at the service, seen with the watcher's certificate.
watch() {
  stdbuf -oL mosquitto_sub -h "$IOT_HOST" -p "${IOT_MQTT##*:}" --cafile "$CA" \
    --cert "$GG_WORK/certs/Watcher.cert.pem" --key "$GG_WORK/certs/Watcher.private.key" \
    -i Watcher -q 1 -t "$@"
}

# send TOPIC TEXT: publishes at the service.
send() {
  mosquitto_pub -h "$IOT_HOST" -p "${IOT_MQTT##*:}" --cafile "$CA" \
    --cert "$GG_WORK/certs/Watcher.cert.pem" --key "$GG_WORK/certs/Watcher.private.key" \
    -i "Watcher_$BASHPID" -q 1 -t "$1" -m "$2"
}
