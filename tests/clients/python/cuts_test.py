"""The official SDKs on streams that the gateway has cut: tests/golden/cuts, served as they are.

What is asked of the SDKs: no exception but the one that they have for an answer cut by length, the
note as the last text, the reason, the usage.
"""

import http.server
import pathlib
import threading

import anthropic
import openai
import pytest
from pydantic import BaseModel, ValidationError

CUTS = pathlib.Path(__file__).resolve().parents[2] / "golden/cuts"
NOTE = "[Recloser: stopped, the session budget of $2.00 is spent.]"
HELLO = [{"role": "user", "content": "hello"}]
ENDED = {"chat-finished", "chat-usage-told", "chat-calls-whole", "messages-finished"}


def named(dialect):
    return sorted(path.stem for path in CUTS.glob(f"{dialect}-*.sse"))


def has_note(name):
    return "structured" not in name and name not in ENDED


class Weather(BaseModel):
    sky: str


class Handler(http.server.BaseHTTPRequestHandler):
    """The first segment of the path names the stream; whatever is asked, that is the answer."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):  # noqa: N802
        self.rfile.read(int(self.headers["content-length"]))
        body = (CUTS / f"{self.path.split('/')[1]}.sse").read_bytes()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def openai_of(address):
    return lambda name: openai.OpenAI(base_url=f"{address}/{name}/v1", api_key="k", max_retries=0)


@pytest.fixture
def anthropic_of(address):
    return lambda name: anthropic.Anthropic(base_url=f"{address}/{name}", api_key="k",
                                            max_retries=0)


def reason_of_chat(name):
    if name == "chat-calls-whole":
        return "tool_calls"
    if name in ENDED or name == "chat-text-stop":
        return "stop"
    return "content_filter" if name.endswith("-policy") else "length"


@pytest.mark.parametrize("name", named("chat"))
def test_chat(openai_of, name):
    chunks = list(openai_of(name).chat.completions.create(model="m", messages=HELLO, stream=True))
    texts, reasons = {}, {}
    for choice in (choice for chunk in chunks for choice in chunk.choices):
        assert choice.index not in reasons, "more of a choice that had ended"
        texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
        if choice.finish_reason:
            reasons[choice.index] = choice.finish_reason
    assert set(reasons) == set(texts)
    assert reasons[0] == reason_of_chat(name)
    assert texts[0].endswith(NOTE) == has_note(name)
    assert NOTE not in texts[0].removesuffix(NOTE)
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize("name", named("chat"))
def test_chat_stream_helper(openai_of, name):
    with openai_of(name).chat.completions.stream(model="m", messages=HELLO) as stream:
        list(stream)
        answer = stream.current_completion_snapshot
        raises = {"length": openai.LengthFinishReasonError,
                  "content_filter": openai.ContentFilterFinishReasonError}
        expected = raises.get(reason_of_chat(name))
        if expected:  # as this helper takes the same reason from OpenAI
            with pytest.raises(expected):
                stream.get_final_completion()
    first = answer.choices[0]
    assert first.finish_reason == reason_of_chat(name)
    assert first.message.role == "assistant"
    assert (first.message.content or "").endswith(NOTE) == has_note(name)
    if name == "chat-call-held":
        assert not first.message.tool_calls
    if name == "chat-call-released":
        assert first.message.tool_calls[0].function.arguments == '{"city":'
    if name == "chat-text":
        assert answer.usage.completion_tokens == 7
        assert answer.usage.prompt_tokens_details.cached_tokens == 1000


def test_structured_output_that_was_cut_is_loud(openai_of):
    with pytest.raises(openai.LengthFinishReasonError):
        with openai_of("chat-structured").chat.completions.stream(
                model="m", messages=HELLO, response_format=Weather) as stream:
            list(stream)


def test_completions(openai_of):
    chunks = list(openai_of("completions-text").completions.create(model="m", prompt="1",
                                                                   stream=True))
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(choice.text for choice in choices) == f" +\n\n{NOTE}"
    assert choices[-1].finish_reason == "length"
    assert chunks[-1].usage.completion_tokens == 7


def completes(name):
    return name in ("responses-text-codex", "responses-text-done")


@pytest.mark.parametrize("name", named("responses"))
def test_responses(openai_of, name):
    events = list(openai_of(name).responses.create(model="m", input="hello", stream=True))
    numbers = [event.sequence_number for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    answer = events[-1].response
    status = "completed" if completes(name) else "incomplete"
    assert (events[-1].type, answer.status) == (f"response.{status}", status)
    if status == "incomplete":
        reason = "content_filter" if name.endswith("-policy") else "max_output_tokens"
        assert answer.incomplete_details.reason == reason
    assert answer.usage.output_tokens == 7
    assert answer.output_text.endswith(NOTE) == has_note(name)
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert answer.output_text == said, "what the last event repeats is what was streamed"


def without_parsed(item):
    told = item.to_dict()
    told["content"] = [{name: value for name, value in part.items() if name != "parsed"}
                       for part in told.get("content") or []]
    return told


@pytest.mark.parametrize("name", named("responses"))
def test_responses_stream_helper(openai_of, name):
    with openai_of(name).responses.stream(model="m", input="hello") as stream:
        events = list(stream)
        if completes(name):
            assert stream.get_final_response().output_text.endswith(NOTE)
    done = {event.item.id: event.item for event in events
            if event.type == "response.output_item.done"}
    for item in events[-1].response.output:
        if item.id in done:
            # The helper adds what it has parsed.
            assert without_parsed(item) == without_parsed(done[item.id])
        else:
            assert "call" in item.type, "only calls that are not whole have no end"
    calls = [item for item in done.values() if item.type == "function_call"]
    assert len(calls) == (1 if name == "responses-call-whole" else 0)
    if name == "responses-call-held":
        assert not [item for item in events[-1].response.output if item.type == "function_call"]


def test_structured_responses_that_were_cut_are_loud(openai_of):
    with openai_of("responses-structured").responses.stream(
            model="m", input="hello", text_format=Weather) as stream:
        with pytest.raises(ValidationError):
            list(stream)


def reason_of_messages(name):
    if name.endswith("-policy"):
        return "refusal"
    natural = ("messages-text-claude-code", "messages-between-blocks", "messages-finished")
    return "end_turn" if name in natural else "max_tokens"


@pytest.mark.parametrize("name", named("messages"))
def test_messages_stream_helper(anthropic_of, name):
    with anthropic_of(name).messages.stream(model="m", max_tokens=99, messages=HELLO) as stream:
        list(stream)
        answer = stream.get_final_message()
    assert answer.stop_reason == reason_of_messages(name)
    assert answer.usage.output_tokens == (15 if name == "messages-finished" else 7)
    texts = [block.text for block in answer.content if block.type == "text"]
    assert bool(texts and texts[-1].endswith(NOTE)) == has_note(name)
    calls = [block for block in answer.content if block.type == "tool_use"]
    whole = {"messages-call-whole": {"city": "Rome"}}.get(name)
    if name == "messages-call-held":
        assert not calls
    if whole:
        assert calls[0].input == whole


@pytest.mark.parametrize("name", named("messages"))
def test_messages_events(anthropic_of, name):
    events = list(anthropic_of(name).messages.create(model="m", max_tokens=99, messages=HELLO,
                                                     stream=True))
    assert [event.type for event in events].count("message_start") == 1
    assert events[-1].type == "message_stop"
    begun = [event.index for event in events if event.type == "content_block_start"]
    ended = [event.index for event in events if event.type == "content_block_stop"]
    assert begun == ended == list(range(len(begun)))
