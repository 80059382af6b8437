"""The official OpenAI SDK, with nothing changed but its base URL and key."""

import asyncio
import json

import openai
import pytest
from conftest import ATTEMPTS_OF_SDK
from pydantic import BaseModel

HELLO = [{"role": "user", "content": "hello"}]
WEATHER = {"type": "function", "function": {
    "name": "weather", "description": "of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"},
                                                    "days": {"type": "integer"}},
                   "required": ["city"]}}}
ASK_WEATHER = 'look [[tool weather {"city": "Bergen", "days": 3}]]'


class Invoice(BaseModel):
    number: str
    cents: int
    paid: bool


def usage_of(answer):
    return {"given": answer.usage.prompt_tokens, "made": answer.usage.completion_tokens}


def test_chat(case):
    raw = case.openai().chat.completions.with_raw_response.create(model="sim-t12", messages=HELLO)
    answer = raw.parse()
    assert answer.choices[0].message.content.split()
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens == 12
    row = case.booked(**usage_of(answer), operation="chat")
    assert raw.headers["x-recloser-call"] == row["id"]
    assert raw.headers["x-recloser-target"] == "sim/sim-t12"
    assert (row["model_requested"], row["provider"]) == ("sim-t12", "sim")


def test_chat_by_a_name_of_our_own(case):
    answer = case.openai().chat.completions.create(model="house-chat", messages=HELLO)
    row = case.booked(**usage_of(answer), operation="chat")
    assert (row["model_requested"], row["model_served"]) == ("house-chat", "sim-t9")


def test_chat_stream_with_usage(case):
    stream = case.openai().chat.completions.create(
        model="sim-t40-d1", messages=HELLO, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    usage = chunks[-1].usage
    assert chunks[-1].choices == []
    assert usage.completion_tokens == 40
    assert sum(1 for c in chunks if c.choices and c.choices[0].delta.content) == 40
    case.booked(given=usage.prompt_tokens, made=usage.completion_tokens, operation="chat")


def test_chat_stream_without_usage_shows_none_and_is_booked_exactly(case):
    chunks = list(case.openai().chat.completions.create(
        model="sim-t40", messages=HELLO, stream=True))
    assert all(chunk.choices for chunk in chunks)
    assert all("usage" not in chunk.model_fields_set for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"
    row = case.rows(1)[0]
    case.booked(given=case.truth(row)["input"], made=40, operation="chat", row=row)


def test_chat_stream_helper(case):
    with case.openai().chat.completions.stream(
            model="sim-t10", messages=HELLO, stream_options={"include_usage": True}) as stream:
        answer = stream.get_final_completion()
    assert len(answer.choices[0].message.content.split()) == 10
    case.booked(**usage_of(answer), operation="chat")


def test_responses(case):
    answer = case.openai().responses.create(model="sim-t15", input="hello")
    assert len(answer.output_text.split()) == 15
    case.booked(given=answer.usage.input_tokens, made=answer.usage.output_tokens,
                operation="responses")


def test_responses_stream(case):
    with case.openai().responses.stream(model="sim-t15-d1", input="hello") as stream:
        deltas = [e.delta for e in stream if e.type == "response.output_text.delta"]
        answer = stream.get_final_response()
    assert "".join(deltas) == answer.output_text
    assert answer.status == "completed"
    case.booked(given=answer.usage.input_tokens, made=answer.usage.output_tokens,
                operation="responses")


def test_tools_streamed_and_a_turn_with_the_result(case):
    client = case.openai()
    messages = [{"role": "user", "content": ASK_WEATHER}]
    with client.chat.completions.stream(model="sim-tool", messages=messages, tools=[WEATHER],
                                        stream_options={"include_usage": True}) as stream:
        asked = stream.get_final_completion()
    call = asked.choices[0].message.tool_calls[0]
    assert asked.choices[0].finish_reason == "tool_calls"
    assert (call.function.name, json.loads(call.function.arguments)) == (
        "weather", {"city": "Bergen", "days": 3})
    messages += [
        {"role": "assistant", "tool_calls": [{
            "id": call.id, "type": "function",
            "function": {"name": "weather", "arguments": call.function.arguments}}]},
        {"role": "tool", "tool_call_id": call.id, "content": "rain"}]
    told = client.chat.completions.create(model="sim-tool", messages=messages, tools=[WEATHER])
    assert told.choices[0].message.content
    first, second = case.rows(2)
    case.booked(**usage_of(asked), operation="chat", row=first)
    case.booked(**usage_of(told), operation="chat", row=second)


def test_responses_tools(case):
    tool = {"type": "function", **WEATHER["function"]}
    with case.openai().responses.stream(model="sim-tool", input=ASK_WEATHER,
                                        tools=[tool]) as stream:
        answer = stream.get_final_response()
    call = next(item for item in answer.output if item.type == "function_call")
    assert json.loads(call.arguments) == {"city": "Bergen", "days": 3}
    case.booked(given=answer.usage.input_tokens, made=answer.usage.output_tokens,
                operation="responses")


def test_structured_output(case):
    answer = case.openai().chat.completions.parse(model="sim-fast", messages=HELLO,
                                                  response_format=Invoice)
    assert isinstance(answer.choices[0].message.parsed, Invoice)
    case.booked(**usage_of(answer), operation="chat")


def test_structured_output_of_responses(case):
    answer = case.openai().responses.parse(model="sim-fast", input="hello", text_format=Invoice)
    assert isinstance(answer.output_parsed, Invoice)
    case.booked(given=answer.usage.input_tokens, made=answer.usage.output_tokens,
                operation="responses")


def test_embeddings(case):
    answer = case.openai().embeddings.create(model="sim-fast", input=["one", "two words"])
    assert len(answer.data) == 2
    assert all(isinstance(x, float) for x in answer.data[1].embedding)
    case.booked(given=answer.usage.prompt_tokens, made=0, operation="embeddings")


def test_completions(case):
    answer = case.openai().completions.create(model="sim-t7", prompt="hello", max_tokens=50)
    assert len(answer.choices[0].text.split()) == 7
    case.booked(**usage_of(answer), operation="completions")


def test_completions_stream(case):
    chunks = list(case.openai().completions.create(
        model="sim-t7", prompt="hello", max_tokens=50, stream=True,
        stream_options={"include_usage": True}))
    case.booked(**usage_of(chunks[-1]), operation="completions")


def test_moderations(case):
    answer = case.openai().moderations.create(model="sim-fast", input=["hello", "there"])
    assert len(answer.results) == 2
    row = case.rows(1)[0]
    assert (row["operation"], row["outcome"], row["status"]) == ("moderations", "completed", 200)


def test_input_tokens_of_responses(case):
    count = case.openai().responses.input_tokens.count(model="sim-fast", input="hello there")
    assert count.input_tokens > 0
    row = case.rows(1)[0]
    assert (row["operation"], row["outcome"]) == ("responses_input_tokens", "completed")


def test_a_route_that_is_not_built_says_so(case):
    with pytest.raises(openai.NotFoundError) as caught:
        case.openai().responses.retrieve("resp_1")
    assert "not supported in this version" in str(caught.value)
    case.rows(0)


def test_models(case):
    client = case.openai()
    names = {model.id for model in client.models.list()}
    assert {"house-chat", "sim-fast", "sim-smart", "sim-long"} <= names
    assert client.models.retrieve("sim-fast").id == "sim-fast"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")
    case.rows(0)


@pytest.mark.parametrize("base", ["/v1", "/v1/", "", "/"])
def test_base_url(case, base):
    answer = case.openai(base=base).chat.completions.create(model="sim-t5", messages=HELLO)
    case.booked(**usage_of(answer), operation="chat")


def test_wrong_key(case):
    with pytest.raises(openai.AuthenticationError) as caught:
        case.openai(api_key="rk-wrong-but-long-enough").chat.completions.create(
            model="sim-fast", messages=HELLO)
    assert (caught.value.status_code, caught.value.code) == (401, "invalid_key")
    assert "key" in str(caught.value)
    case.rows(0)  # nobody is known who could be charged


def test_model_the_key_may_not_use(case):
    with pytest.raises(openai.PermissionDeniedError) as caught:
        case.openai(api_key=case.place["narrow_key"]).chat.completions.create(
            model="sim-smart", messages=HELLO)
    assert (caught.value.status_code, caught.value.code) == (403, "model_not_allowed")
    case.refused(403, "model_not_allowed")


def test_model_nobody_has(case):
    with pytest.raises(openai.NotFoundError) as caught:
        case.openai().chat.completions.create(model="house-chta", messages=HELLO)
    assert (caught.value.status_code, caught.value.code) == (404, "model_not_found")
    assert "house-chat" in str(caught.value), "the nearest name is said"
    row = case.refused(404, "model_not_found")
    assert caught.value.body["recloser"]["call"] == row["id"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "raised", "status"), [
    ("limited", openai.RateLimitError, 429),
    ("broken", openai.InternalServerError, 500),
    ("overloaded", openai.InternalServerError, 529)])
def test_provider_errors_are_the_providers_own(case, model, raised, status, stream):
    messages = [{"role": "user", "content": case.session}]
    with pytest.raises(raised) as caught:
        case.openai().chat.completions.create(model=f"mock/{model}", messages=messages,
                                              stream=stream)
    assert caught.value.status_code == status
    assert caught.value.body["message"] == f"the mock is {model}"
    assert caught.value.response.headers["x-mock"] == model
    rows = case.rows(ATTEMPTS_OF_SDK)
    assert [(row["outcome"], row["status"]) for row in rows] == [("provider_failed", status)] * 3
    assert len(case.mocked()) == ATTEMPTS_OF_SDK, "the SDK retries, nobody else"


def test_invalid_request(case):
    with pytest.raises(openai.BadRequestError) as caught:
        case.openai().chat.completions.create(model="sim-fast", messages=[])
    assert caught.value.status_code == 400
    rows = case.rows(1)
    assert rows[0]["status"] == 400


def test_body_that_is_no_json(case):
    with pytest.raises(openai.BadRequestError) as caught:
        case.openai().post("/chat/completions", cast_to=object, content=b'{"model": "sim-fast", ',
                           options={"headers": {"content-type": "application/json"}})
    assert caught.value.code == "invalid_request"
    assert "byte 22" in str(caught.value), "the offset is said"


def test_html_from_the_provider(case):
    with pytest.raises(openai.APIStatusError) as caught:
        case.openai(max_retries=0).chat.completions.create(model="mock/html", messages=HELLO)
    assert caught.value.status_code == 502
    assert case.rows(1)[0]["outcome"] == "provider_failed"


@pytest.mark.parametrize("model", ["sim-t40-reset20", "sim-t40-trunc20"])
def test_broken_stream_is_an_error_of_the_sdk(case, model):
    stream = case.openai().chat.completions.create(model=model, messages=HELLO, stream=True)
    words = 0
    with pytest.raises(openai.APIError) as caught:
        for chunk in stream:
            words += bool(chunk.choices[0].delta.content)
    row = case.rows(1)[0]
    assert words == 20 if "trunc" in model else 0 < words <= 20  # RST may overtake bytes
    assert (row["outcome"], row["tokens_source"]) == ("provider_failed", "estimated")
    assert row["output_tokens"] > 0
    assert caught.value.body["recloser"]["call"] == row["id"]


@pytest.mark.parametrize("model", ["sim-t40-reset20", "sim-t40-trunc20"])
def test_broken_stream_of_responses_fails(case, model):
    with case.openai().responses.create(model=model, input="hello", stream=True) as stream:
        events = list(stream)
    assert events[-1].type == "response.failed"
    assert events[-1].response.status == "failed"
    assert case.rows(1)[0]["outcome"] == "provider_failed"


@pytest.mark.parametrize("usage", [False, True])
def test_stream_torn_within_an_event_is_an_error_of_the_sdk(case, usage):
    stream = case.openai().chat.completions.create(
        model="mock/torn", messages=HELLO, stream=True, stream_options={"include_usage": usage})
    with pytest.raises(openai.APIError) as caught:
        list(stream)
    row = case.rows(1)[0]
    assert row["outcome"] == "provider_failed"
    assert caught.value.body["recloser"]["call"] == row["id"]


def test_client_that_leaves_a_stream(case):
    stream = case.openai().chat.completions.create(model="sim-inf", messages=HELLO, stream=True)
    for count, _ in enumerate(stream):
        if count == 20:
            break
    stream.close()
    row = case.row_of_left()
    assert row["outcome"] == "client_gone"
    truth = case.truth_of_left(row)
    assert truth["state"] == "aborted"
    assert truth["output_written"] < 5_000


def test_client_that_leaves_a_stream_of_the_mock(case):
    messages = [{"role": "user", "content": case.session}]
    stream = case.openai().chat.completions.create(model="mock/slow", messages=messages,
                                                   stream=True)
    next(iter(stream))
    stream.close()
    seen = case.mocked(left=True)
    assert [one["peer_closed"] for one in seen] == [True]
    assert not seen[0]["finished"]
    assert case.row_of_left()["outcome"] == "client_gone"


def test_thirty_streams_at_once(case):
    async def one(client, pieces):
        stream = await client.chat.completions.create(
            model=f"sim-t{pieces}-d2", messages=HELLO, stream=True,
            stream_options={"include_usage": True})
        call, words, usage = stream.response.headers["x-recloser-call"], 0, None
        async for chunk in stream:
            words += bool(chunk.choices and chunk.choices[0].delta.content)
            usage = chunk.usage or usage
        assert words == usage.completion_tokens == pieces
        return call, (usage.prompt_tokens, usage.completion_tokens)

    async def all_of_them():
        async with case.openai(kind=openai.AsyncOpenAI) as client:
            return await asyncio.gather(*(one(client, 50 + n) for n in range(30)))

    reported = dict(asyncio.run(all_of_them()))
    rows = case.rows(30)
    assert {r["id"]: (r["input_tokens"], r["output_tokens"]) for r in rows} == reported
    assert {row["outcome"] for row in rows} == {"completed"}
