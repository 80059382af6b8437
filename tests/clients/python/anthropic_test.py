"""The official Anthropic SDK, with nothing changed but its base URL and key."""

import asyncio
import json
import urllib.request

import anthropic
import pytest
from conftest import ATTEMPTS_OF_SDK
from pydantic import BaseModel

ASK = {"max_tokens": 256, "messages": [{"role": "user", "content": "hello"}]}
WEATHER = {"name": "weather", "description": "of a city",
           "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                            "required": ["city"]}}


class Invoice(BaseModel):
    number: str
    cents: int


def usage_of(message):
    return {"given": message.usage.input_tokens, "made": message.usage.output_tokens}


def test_messages(case):
    raw = case.anthropic().messages.with_raw_response.create(model="sim-t12", **ASK)
    message = raw.parse()
    assert len(message.content[0].text.split()) == 12
    assert message.stop_reason == "end_turn"
    row = case.booked(**usage_of(message), operation="messages")
    assert raw.headers["x-recloser-call"] == row["id"]
    assert row["client_dialect"] == "anthropic"


def test_messages_stream(case):
    with case.anthropic().messages.stream(model="sim-t40-d1", **ASK) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert message.content[0].text == text
    assert len(text.split()) == 40
    case.booked(**usage_of(message), operation="messages")


def test_length_is_told(case):
    message = case.anthropic().messages.create(model="sim-t40", **{**ASK, "max_tokens": 10})
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 10)
    case.booked(**usage_of(message), operation="messages")


def test_tools_streamed_and_a_turn_with_the_result(case):
    client = case.anthropic()
    messages = [{"role": "user", "content": 'look [[tool weather {"city": "Bergen"}]]'}]
    ask = {"model": "sim-tool", "max_tokens": 256, "tools": [WEATHER]}
    with client.messages.stream(messages=messages, **ask) as stream:
        pieces = [e.partial_json for e in stream if e.type == "input_json"]
        asked = stream.get_final_message()
    call = next(block for block in asked.content if block.type == "tool_use")
    assert asked.stop_reason == "tool_use"
    assert (call.name, call.input, json.loads("".join(pieces))) == (
        "weather", {"city": "Bergen"}, {"city": "Bergen"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "rain"}
    messages += [{"role": "assistant", "content": asked.content},
                 {"role": "user", "content": [result]}]
    told = client.messages.create(messages=messages, **ask)
    assert told.stop_reason == "end_turn"
    first, second = case.rows(2)
    case.booked(**usage_of(asked), operation="messages", row=first)
    case.booked(**usage_of(told), operation="messages", row=second)


def test_structured_output(case):
    message = case.anthropic().messages.parse(model="sim-fast", output_format=Invoice, **ASK)
    assert isinstance(message.parsed_output, Invoice)
    case.booked(**usage_of(message), operation="messages")


def test_count_tokens(case):
    count = case.anthropic().messages.count_tokens(model="sim-fast", messages=ASK["messages"])
    assert count.input_tokens > 0
    row = case.rows(1)[0]
    assert (row["operation"], row["outcome"]) == ("count_tokens", "completed")
    assert row["output_tokens"] in (0, None)


def test_models(case):
    listed = case.anthropic().models.list()
    assert {"sim-fast", "sim-smart"} <= {model.id for model in listed}
    assert case.anthropic().models.retrieve("sim-fast").id == "sim-fast"
    case.rows(0)


@pytest.mark.parametrize("base", ["", "/", "/v1", "/v1/"])
def test_base_url(case, base):
    message = case.anthropic(base=base).messages.create(model="sim-t5", **ASK)
    case.booked(**usage_of(message), operation="messages")


def test_path_of_an_sdk_that_leaves_out_the_version(case):
    body = json.dumps({"model": "sim-t5", "stream": True, **ASK}).encode()
    request = urllib.request.Request(
        f"{case.place['gateway']}/messages", data=body,
        headers={"x-api-key": case.place["key"], "content-type": "application/json",
                 "anthropic-version": "2023-06-01", "x-recloser-session": case.session})
    with urllib.request.urlopen(request, timeout=30) as answer:
        events = [json.loads(line[6:]) for line in answer if line.startswith(b"data: ")]
    assert events[-1]["type"] == "message_stop"
    usage = events[0]["message"]["usage"] | events[-2]["usage"]
    case.booked(given=usage["input_tokens"], made=usage["output_tokens"], operation="messages")


def test_wrong_key(case):
    with pytest.raises(anthropic.AuthenticationError) as caught:
        case.anthropic(api_key="rk-wrong-but-long-enough").messages.create(model="sim-fast", **ASK)
    assert caught.value.status_code == 401
    assert caught.value.body["error"]["type"] == "authentication_error"
    case.rows(0)


def test_key_as_bearer(case):
    client = case.anthropic(api_key=None, auth_token=case.place["key"])
    message = client.messages.create(model="sim-t5", **ASK)
    case.booked(**usage_of(message), operation="messages")


def test_model_nobody_has(case):
    with pytest.raises(anthropic.NotFoundError) as caught:
        case.anthropic().messages.create(model="no-such-model", **ASK)
    assert caught.value.body["error"]["type"] == "not_found_error"
    row = case.refused(404, "model_not_found")
    assert caught.value.body["error"]["recloser"]["call"] == row["id"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "raised", "status"), [
    ("limited", anthropic.RateLimitError, 429),
    ("broken", anthropic.InternalServerError, 500),
    ("overloaded", anthropic.OverloadedError, 529)])
def test_provider_errors_are_the_providers_own(case, model, raised, status, stream):
    ask = {"max_tokens": 256, "messages": [{"role": "user", "content": case.session}]}
    with pytest.raises(raised) as caught:
        case.anthropic().messages.create(model=f"mock-anthropic/{model}-messages", stream=stream,
                                         **ask)
    assert caught.value.status_code == status
    assert caught.value.body["error"]["message"] == f"the mock is {model}"
    rows = case.rows(ATTEMPTS_OF_SDK)
    assert [(row["outcome"], row["status"]) for row in rows] == [("provider_failed", status)] * 3
    assert len(case.mocked()) == ATTEMPTS_OF_SDK, "the SDK retries, nobody else"


def test_invalid_request(case):
    with pytest.raises(anthropic.BadRequestError) as caught:
        case.anthropic().messages.create(model="sim-fast", max_tokens=256, messages=[])
    assert caught.value.body["error"]["type"] == "invalid_request_error"
    assert case.rows(1)[0]["status"] == 400


@pytest.mark.parametrize("model", ["sim-t40-reset20", "sim-t40-trunc20"])
def test_broken_stream_is_an_error_of_the_sdk(case, model):
    text = ""
    with (pytest.raises(anthropic.APIError) as caught,
          case.anthropic().messages.stream(model=model, **ASK) as stream):
        for piece in stream.text_stream:
            text += piece
    row = case.rows(1)[0]
    words = len(text.split())
    assert words == 20 if "trunc" in model else 0 < words <= 20  # RST may overtake bytes
    assert row["outcome"] == "provider_failed"
    assert caught.value.body["error"]["recloser"]["call"] == row["id"]


def test_stream_torn_within_an_event_is_an_error_of_the_sdk(case):
    with (pytest.raises(anthropic.APIError) as caught,
          case.anthropic().messages.stream(model="mock-anthropic/torn", **ASK) as stream):
        stream.get_final_message()
    row = case.rows(1)[0]
    assert row["outcome"] == "provider_failed"
    assert caught.value.body["error"]["recloser"]["call"] == row["id"]


def test_client_that_leaves_a_stream(case):
    ask = {**ASK, "max_tokens": 1_000_000}
    with case.anthropic().messages.stream(model="sim-inf", **ask) as stream:
        for count, _ in enumerate(stream.text_stream):
            if count == 20:
                break
    row = case.row_of_left()
    assert row["outcome"] == "client_gone"
    truth = case.truth_of_left(row)
    assert truth["state"] == "aborted"


def test_thirty_streams_at_once(case):
    async def one(client, pieces):
        async with client.messages.stream(model=f"sim-t{pieces}-d2", **ASK) as stream:
            message = await stream.get_final_message()
            call = stream.response.headers["x-recloser-call"]
        assert len(message.content[0].text.split()) == message.usage.output_tokens == pieces
        return call, (message.usage.input_tokens, message.usage.output_tokens)

    async def all_of_them():
        async with case.anthropic(kind=anthropic.AsyncAnthropic) as client:
            return await asyncio.gather(*(one(client, 50 + n) for n in range(30)))

    reported = dict(asyncio.run(all_of_them()))
    rows = case.rows(30)
    assert {r["id"]: (r["input_tokens"], r["output_tokens"]) for r in rows} == reported
    assert {row["outcome"] for row in rows} == {"completed"}
