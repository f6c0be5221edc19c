#!/bin/sh
# One step for any pipeline: validates the stack file, shows what would change, applies exactly that.
#
#   STACK_FILE         the stack file                        (default: stack.yaml)
#   SLACK_WEBHOOK_URL  the variable in `webhook: { env: … }` (from the pipeline's secrets)
#   AWS_…              credentials and region, as for every AWS tool
#   ALERTCTL_LOCAL=1   rehearse the step on the local AWS, without an account
#
# Run it in one job at a time: if two applies change one stack at the same time, one of them fails.
set -eu

stack="${STACK_FILE:-stack.yaml}"
plan="$(mktemp)"
trap 'rm -f "$plan"' EXIT

alertctl validate "$stack"

changes=0
alertctl plan "$stack" --save "$plan" --detailed-exitcode || changes=$?
case "$changes" in
  0) echo "nothing to apply" ;;
  2) alertctl apply "$plan" ;;
  *) exit "$changes" ;;
esac
