"""A program that calls models: what `recloser run` runs in its tests.

    caller.py [--times N] [--stream] [--api openai|anthropic] [--session NAME]... MODEL

Reads the usual variables, as the SDKs do, and prints a JSON object for each call: {"status",
"text", "headers"}. Each --session makes a call in that session. Exits with 9 when the last call
was refused.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request

SECONDS_MAX = 60


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--api", default="openai")
    parser.add_argument("--session", action="append")
    parser.add_argument("model")
    asked = parser.parse_args()
    said = {"status": 0}
    for session in asked.session or [None] * asked.times:
        said = call(asked, session)
        print(json.dumps(said), flush=True)
    return 0 if said["status"] == 200 else 9


def call(asked, session):
    body = {"model": asked.model, "max_tokens": 4000, "stream": asked.stream,
            "messages": [{"role": "user", "content": "hello"}]}
    if asked.api == "openai":
        url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
        fields = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    else:
        url = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
        fields = {"anthropic-version": "2023-06-01",
                  "authorization": "Bearer " + os.environ["ANTHROPIC_AUTH_TOKEN"]}
    if session:
        fields["x-recloser-session"] = session
    request = urllib.request.Request(url, json.dumps(body).encode(),
                                     {"content-type": "application/json", **fields})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
            return told(answer)
    except urllib.error.HTTPError as refusal:
        return told(refusal)


def told(answer):
    return {"status": answer.status, "text": answer.read().decode(),
            "headers": {name.lower(): value for name, value in answer.headers.items()}}


if __name__ == "__main__":
    sys.exit(main())
