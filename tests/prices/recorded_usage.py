"""What the recordings say that they used, in one convention, read from their raw bytes.

Written apart from src/codec, to be compared with it: input is all input, output is all output.
"""

import base64
import json
import struct


class Used:
    """Counts of one sampling, and what goes for the whole answer."""

    FIELDS = (
        "input output cached cache_write cache_write_1h reasoning audio_input cached_audio "
        "image_input cached_image audio_output image_output audio_ms web_searches file_searches "
        "code_sessions"
    ).split()

    def __init__(self, **counts):
        for field in self.FIELDS:
            setattr(self, field, counts.get(field) or 0)
        self.model = None
        self.tier = "standard"
        self.geography = None
        self.provider_usd = None  # what the provider says that it costs, as a text
        self.iterations = []


def documents(recording):
    """The JSON values of an answer, in the order in which they came."""
    body = recording["response"].get("body") or ""
    if recording["response"].get("body_encoding") == "base64":
        body = base64.b64decode(body)
    else:
        body = body.encode()
    framing = recording["framing"]
    if framing == "eventstream":
        return _event_stream(body)
    text = body.decode("utf-8", "replace")
    if framing == "json":
        return _parsed([text])
    if framing == "json-array":
        found = _parsed([text])
        return found[0] if found and isinstance(found[0], list) else found
    if framing == "ndjson":
        return _parsed(text.splitlines())
    return _parsed(_sse(text))


def _parsed(texts):
    out = []
    for text in texts:
        try:
            out.append(json.loads(text, parse_float=str))
        except ValueError:
            pass  # [DONE], comments, broken on purpose
    return out


def _sse(text):
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    data = []
    for line in lines:
        if line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line and data:
            yield "\n".join(data)
            data = []
    if data:
        yield "\n".join(data)


def _event_stream(body):
    """Payloads of AWS' frames; those of `invoke` hold base64 in JSON."""
    at, out = 0, []
    while at + 16 <= len(body):
        total, headers = struct.unpack(">II", body[at : at + 8])
        if total < 16 or at + total > len(body):
            break
        out += _parsed([body[at + 12 + headers : at + total - 4].decode("utf-8", "replace")])
        at += total
    inner = []
    for value in out:
        if isinstance(value, dict) and isinstance(value.get("bytes"), str):
            inner += _parsed([base64.b64decode(value["bytes"]).decode("utf-8", "replace")])
        else:
            inner.append(value)
    return inner


def tier_of(*names):
    for name in names:
        name = str(name or "").lower()
        for tier in ("flex", "priority", "batch", "fast"):
            if name == tier or name.endswith("_" + tier):
                return tier
    return "standard"


def _at(value, *path):
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _count(value):
    return value if isinstance(value, int) and value > 0 else 0


def read(recording):
    """A Used, or None where the answer tells no usage."""
    api, values = recording["api"], documents(recording)
    values = [value for value in values if isinstance(value, dict)]
    if not 200 <= recording["response"]["status"] < 300 or "count-tokens" in api:
        return None
    if api in ("chat", "openai-chat", "completions", "embeddings"):
        return _cohere(values) if recording["provider"] == "cohere" else _chat(recording, values)
    if api in ("responses", "responses-compact"):
        return _responses(values)
    if api == "messages":
        return _messages(values)
    if api == "generate":
        return _gemini(recording, values)
    if api == "converse":
        return _converse(values)
    if api == "invoke":
        return _invoke(values)
    if api.startswith("chat-v"):
        return _cohere(values)
    if api.startswith("api-"):
        return _ollama(values)
    return None


def _last(values, find):
    found = None
    for value in values:
        found = find(value) or found
    return found


def _model(values, *path):
    return _last(values, lambda value: _at(value, *path) if path else value.get("model"))


def _chat(recording, values):
    if recording["provider"] == "vertex" or recording["api"] == "embeddings" and _last(
        values, lambda value: value.get("usageMetadata")
    ):
        return _gemini(recording, values)

    def find(value):
        choices = value.get("choices") or [{}]
        inside = _at(choices[0], "usage") if isinstance(choices[0], dict) else None
        return value.get("usage") or _at(value, "x_groq", "usage") or inside

    usage = _last(values, find)
    if not usage:
        return None
    given, written = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    total = _count(usage.get("total_tokens"))
    audio = _count(_at(usage, "prompt_tokens_details", "audio_tokens"))
    reasoning = _count(_at(usage, "completion_tokens_details", "reasoning_tokens"))
    if recording["api"] == "embeddings":
        given, written = given or total, 0
    elif audio and total == given + written + audio:  # outside of the input (Mistral)
        given += audio
    elif total == given + written + reasoning:  # outside of the output, and billed like it
        written += reasoning
    elif not reasoning and total > given + written:  # only the total shows it (Gemini's /openai)
        reasoning = total - given - written
        written += reasoning
    details = usage.get("prompt_tokens_details") or {}
    used = Used(
        input=given,
        output=written,
        reasoning=reasoning,
        cached=_count(details.get("cached_tokens"))
        or _count(usage.get("prompt_cache_hit_tokens"))
        or _count(usage.get("num_cached_tokens"))
        or _count(usage.get("cached_tokens")),
        cache_write=_count(details.get("cache_write_tokens")),
        audio_input=audio,
        image_input=_count(details.get("image_tokens")),
        audio_output=_count(_at(usage, "completion_tokens_details", "audio_tokens")),
        image_output=_count(_at(usage, "completion_tokens_details", "image_tokens")),
        audio_ms=_count(usage.get("prompt_audio_seconds")) * 1000,
        web_searches=_count(_at(usage, "server_tool_use_details", "web_search_requests")),
    )
    used.model = _model(values)
    used.tier = tier_of(
        _last(values, lambda value: value.get("service_tier")), usage.get("service_tier")
    )
    used.provider_usd = _provider_usd(usage)
    return used


def _provider_usd(usage):
    cost = usage.get("cost")
    if isinstance(cost, dict):  # Perplexity
        cost = cost.get("total_cost")
    if cost is not None:
        return str(cost)
    ticks = usage.get("cost_in_usd_ticks")  # xAI: 10^10 of them are a dollar
    return f"{ticks}e-10" if ticks else None  # at Azure they are always 0


def _responses(values):
    answer = _last(values, lambda value: value.get("response") if "response" in value else value)
    usage = _last(values, lambda value: _at(value, "response", "usage") or value.get("usage"))
    if not usage or not isinstance(answer, dict):
        return None
    items = [item for item in answer.get("output") or [] if isinstance(item, dict)]
    kinds = [item.get("type") for item in items]
    details = usage.get("input_tokens_details") or {}
    used = Used(
        input=_count(usage.get("input_tokens")),
        output=_count(usage.get("output_tokens")),
        cached=_count(details.get("cached_tokens")),
        cache_write=_count(details.get("cache_write_tokens")),
        reasoning=_count(_at(usage, "output_tokens_details", "reasoning_tokens")),
        web_searches=kinds.count("web_search_call"),
        file_searches=kinds.count("file_search_call"),
        code_sessions=len(
            {item.get("container_id") for item in items if item.get("container_id")}
        ),
    )
    used.model = answer.get("model")
    used.tier = tier_of(answer.get("service_tier"))
    used.provider_usd = _provider_usd(usage)
    return used


def _messages_counts(usage):
    cached = _count(usage.get("cache_read_input_tokens"))
    split = usage.get("cache_creation") or {}
    write_1h = _count(split.get("ephemeral_1h_input_tokens"))
    write = _count(usage.get("cache_creation_input_tokens"))
    write = max(write, write_1h + _count(split.get("ephemeral_5m_input_tokens")))
    return Used(
        input=_count(usage.get("input_tokens")) + cached + write,
        output=_count(usage.get("output_tokens")),
        cached=cached,
        cache_write=write,
        cache_write_1h=write_1h,
        reasoning=_count(_at(usage, "output_tokens_details", "thinking_tokens")),
    )


def _messages(values):
    # A stream says some at its start and all that grew at its end: later words win, field by field.
    merged, model = {}, None
    for value in values:
        message = value.get("message") if value.get("type") == "message_start" else value
        if not isinstance(message, dict):
            continue
        model = message.get("model") or model
        for field, said in (message.get("usage") or {}).items():
            if said is not None:
                merged[field] = said
    if not merged:
        return None
    used = _messages_counts(merged)
    iterations = [one for one in merged.get("iterations") or [] if isinstance(one, dict)]
    for one in iterations if len(iterations) > 1 else []:
        part = _messages_counts(one)
        part.model = one.get("model")
        used.iterations.append(part)
    used.web_searches = _count(_at(merged, "server_tool_use", "web_search_requests"))
    used.model = model
    used.tier = tier_of(merged.get("speed"), merged.get("service_tier"))
    used.geography = merged.get("inference_geo")
    return used


def _modality(details, name):
    return sum(
        _count(one.get("tokenCount"))
        for one in details or []
        if isinstance(one, dict) and one.get("modality") == name
    )


def _gemini(recording, values):
    usage = _last(values, lambda value: value.get("usageMetadata"))
    if not usage:
        return None
    thoughts = _count(usage.get("thoughtsTokenCount"))
    prompt, cache = usage.get("promptTokensDetails"), usage.get("cacheTokensDetails")
    written = usage.get("candidatesTokensDetails")
    used = Used(
        input=_count(usage.get("promptTokenCount")) + _count(usage.get("toolUsePromptTokenCount")),
        output=_count(usage.get("candidatesTokenCount")) + thoughts,
        cached=_count(usage.get("cachedContentTokenCount")),
        reasoning=thoughts,
        audio_input=_modality(prompt, "AUDIO"),
        image_input=_modality(prompt, "IMAGE"),
        cached_audio=_modality(cache, "AUDIO"),
        cached_image=_modality(cache, "IMAGE"),
        audio_output=_modality(written, "AUDIO"),
        image_output=_modality(written, "IMAGE"),
    )
    used.model = _model(values, "modelVersion")
    headers = recording["response"].get("headers") or {}
    used.tier = tier_of(
        usage.get("serviceTier"), headers.get("x-gemini-service-tier"), usage.get("trafficType")
    )
    return used


def _converse(values):
    usage = _last(values, lambda value: value.get("usage"))
    if not usage:
        return None
    read, write = _count(usage.get("cacheReadInputTokens")), _count(
        usage.get("cacheWriteInputTokens")
    )
    used = Used(
        input=_count(usage.get("inputTokens")) + read + write,
        output=_count(usage.get("outputTokens")),
        cached=read,
        cache_write=write,
    )
    used.tier = tier_of(_last(values, lambda value: _at(value, "serviceTier", "type")))
    return used


def _invoke(values):
    used = _messages(values)
    metrics = _last(values, lambda value: value.get("amazon-bedrock-invocationMetrics"))
    if used is None and metrics:
        used = Used(
            input=_count(metrics.get("inputTokenCount")),
            output=_count(metrics.get("outputTokenCount")),
        )
    if used is not None:
        used.model = None  # the address names it as Bedrock does
    return used


def _cohere(values):
    def find(value):
        return (
            _at(value, "usage", "billed_units")
            or _at(value, "delta", "usage", "billed_units")
            or _at(value, "meta", "billed_units")
            or _at(value, "response", "meta", "billed_units")
        )

    billed = _last(values, find)
    if not billed:
        return None
    return Used(
        input=_count(billed.get("input_tokens")), output=_count(billed.get("output_tokens"))
    )


def _ollama(values):
    last = _last(values, lambda value: value if value.get("done") else None)
    if not last:
        return None
    used = Used(
        input=_count(last.get("prompt_eval_count")), output=_count(last.get("eval_count"))
    )
    used.model = last.get("model")
    return used
