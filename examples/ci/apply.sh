#!/bin/sh
# One step of any pipeline: check the stack file, show what would change, apply exactly that.
#
#   STACK_FILE         the stack file                        (default: stack.yaml)
#   SLACK_WEBHOOK_URL  what `webhook: { env: … }` names      (from the pipeline's secrets)
#   AWS_…              credentials and region, as every AWS tool takes them
#   ALERTCTL_LOCAL=1   rehearse the step on the local AWS, without an account
#
# Run it in one job at a time: of two applies of one stack at once, one fails.
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
