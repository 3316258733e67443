#!/usr/bin/env bash
# Module 3, part 2: an on-demand function. Triggers that come at once get a worker each; a later
# one gets a worker that is there already, and with it the variables of that worker.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
recall

TRIGGER=hello/world/counter/trigger
# The handlers stay at work until a file appears in this folder, as the guide's slept for 20 seconds.
# In their container they see it because the group gives it to them: a local volume resource.
GATE=$GG_WORK/gate
mkdir -p "$GATE"
rm -f "$GATE/open"
RESOURCES=$(aws greengrass create-resource-definition --initial-version "{\"Resources\": [{
  \"Id\": \"gate\", \"Name\": \"Gate\", \"ResourceDataContainer\": {\"LocalVolumeResourceData\": {
    \"SourcePath\": \"$GATE\", \"DestinationPath\": \"/gate\",
    \"GroupOwnerSetting\": {\"AutoAddGroupOwner\": true}}}}]}" --query LatestVersionArn)

new_function Greengrass_HelloWorld_Counter "$HERE/functions/greengrassHelloWorldCounter.py"
FUNCTIONS=$(aws greengrass create-function-definition --initial-version "{\"Functions\": [{
  \"Id\": \"counter\", \"FunctionArn\": \"$FUNCTION_ARN\",
  \"FunctionConfiguration\": {\"Pinned\": false, \"Timeout\": 60, \"EncodingType\": \"json\",
    \"MemorySize\": 32768, \"Environment\": {\"Execution\": $EXECUTION,
      \"ResourceAccessPolicies\": [{\"ResourceId\": \"gate\", \"Permission\": \"ro\"}]}}}]}" \
  --query LatestVersionArn)
SUBSCRIPTIONS=$(aws greengrass create-subscription-definition --initial-version "{
  \"Subscriptions\": [
    {\"Id\": \"counter-to-cloud\", \"Source\": \"$FUNCTION_ARN\", \"Target\": \"cloud\",
     \"Subject\": \"hello/world/counter\"},
    {\"Id\": \"trigger\", \"Source\": \"cloud\", \"Target\": \"$FUNCTION_ARN\",
     \"Subject\": \"$TRIGGER\"}]}" --query LatestVersionArn)
deploy --function-definition-version-arn "$FUNCTIONS" \
  --resource-definition-version-arn "$RESOURCES" \
  --subscription-definition-version-arn "$SUBSCRIPTIONS"

# next_count: the count in the next message of the function.
next_count() {
  local line
  while read -r line <&"$seen"; do
    if [[ $line == *'"Invocation Count": '* ]]; then
      line=${line#*'"Invocation Count": '}
      COUNT=${line%%[!0-9]*}
      return
    fi
  done
  echo "The watcher ended." >&2
  exit 1
}

# Watch before anything is triggered.
exec {seen}< <(watch hello/world/counter -d)
watcher=$!
trap 'kill "$watcher"' EXIT
while read -r line <&"$seen" && [[ $line != Subscribed* ]]; do :; done

for _ in 1 2 3; do
  send "$TRIGGER" "{\"until\": \"/gate/open\"}" &
done
for worker in 1 2 3; do
  next_count
  echo "Worker $worker of three triggers at once: invocation $COUNT"
  [[ $COUNT == 1 ]] || exit 1
done
touch "$GATE/open"

# A worker is free again a moment after its handler ended; a trigger before that gets a new one.
COUNT=1
until [[ $COUNT == 2 ]]; do
  send "$TRIGGER" "{\"until\": \"/gate/open\"}"
  next_count
done
echo "A later trigger: invocation $COUNT, by a worker that was there"
