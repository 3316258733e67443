#!/usr/bin/env bash
# Module 3, part 1: a long-lived function that says hello to the cloud every few seconds.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
recall

# 1. The function, one version of it, and an alias that names the version.
new_function Greengrass_HelloWorld "$HERE/functions/greengrassHelloWorld.py"

# 2. In the group it is pinned: it starts with the core and never ends.
FUNCTIONS=$(aws greengrass create-function-definition --initial-version "{\"Functions\": [{
  \"Id\": \"hello\", \"FunctionArn\": \"$FUNCTION_ARN\",
  \"FunctionConfiguration\": {\"Pinned\": true, \"Timeout\": 25, \"EncodingType\": \"json\",
    \"MemorySize\": 32768, \"Environment\": {\"Execution\": $EXECUTION}}}]}" \
  --query LatestVersionArn)

# 3. Nothing travels without a subscription.
SUBSCRIPTIONS=$(aws greengrass create-subscription-definition --initial-version "{
  \"Subscriptions\": [{\"Id\": \"hello-to-cloud\", \"Source\": \"$FUNCTION_ARN\",
    \"Target\": \"cloud\", \"Subject\": \"hello/world\"}]}" --query LatestVersionArn)

deploy --function-definition-version-arn "$FUNCTIONS" \
  --subscription-definition-version-arn "$SUBSCRIPTIONS"

# 4. Two of its messages, seen at the service.
watch hello/world -C 2
