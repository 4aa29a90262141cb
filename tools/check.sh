#!/usr/bin/env bash
# Every check of the project, quickest first; ends with the number of tests run.
set -euo pipefail
bin=${VENV:-.venv}/bin
echo "style";  "$bin/ruff" check . ; "$bin/ruff" format --check --quiet .
echo "types";  "$bin/mypy" --no-error-summary
echo "tests";  "$bin/pytest" -q -n "${TEST_WORKERS:-2}" --dist loadfile --durations 10
