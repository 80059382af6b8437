"""Answers of every kind that a model gives, the two grammars that they are told in, and models that
go on with them, each in its manner."""

import json
import random
import re

WORDS = ("river stone garden window letter morning quiet engine harbour silver number candle "
         "forest answer signal meadow winter copper ladder market paper bridge summer thunder "
         "velvet island pocket mirror shadow orchard pepper lantern").split()
PROSE, CODE, JSON, TOOL, THOUGHT = "prose", "code", "json", "tool", "thought"
KINDS = (PROSE, PROSE, PROSE, CODE, JSON, TOOL, THOUGHT)

TRUE, DOUBLES, CHATS, LOSES, ANEW, GLUES = "true", "doubles", "chats", "loses", "anew", "glues"
MANNERS = (TRUE, TRUE, TRUE, TRUE, DOUBLES, CHATS, LOSES, ANEW, GLUES)


def sentence(dice):
    words = dice.sample(WORDS, dice.randint(6, 14))
    return " ".join(words).capitalize() + dice.choice(".!?")


def prose(dice):
    return "\n\n".join(" ".join(sentence(dice) for _ in range(dice.randint(2, 4)))
                       for _ in range(dice.randint(1, 3)))


def code(dice):
    lines = ["Here it is:", "", "```python"]
    for name in dice.sample(WORDS, 4):
        first, second = dice.sample(WORDS, 2)
        lines += [f"def {name}_{first}({second}):",
                  f"    {first} = {second} + {dice.randint(1, 99)}", f"    return {first}", ""]
    return "\n".join(lines + ["```", "", sentence(dice)])


def document(dice):
    return json.dumps({name: {"size": dice.randint(1, 999), "of": dice.choice(WORDS)}
                       for name in dice.sample(WORDS, 6)})


class Answer:
    """What is to be said to the prompt with this number, and where the first model is cut off."""

    def __init__(self, number, seed):
        dice = random.Random(f"{seed}-{number}")
        self.kind, self.manner = dice.choice(KINDS), dice.choice(MANNERS)
        self.text = {CODE: code, JSON: document}.get(self.kind, prose)(dice)
        self.arguments = document(dice) if self.kind == TOOL else ""
        self.pieces = re.findall(r"\s*\S{1,6}|\s+$", self.text) if dice.random() < 0.3 else \
            re.findall(r"\s*\S+|\s+$", self.text)
        assert "".join(self.pieces) == self.text
        self.cut = dice.random()


class Chat:
    path, name = "/v1/chat/completions", "chat"

    @staticmethod
    def chunk(delta, finish=None):
        body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        return f"data: {json.dumps(body)}\n\n"

    def begin(self, thoughts):
        return [self.chunk({"role": "assistant", "content": ""}),
                *(self.chunk({"reasoning_content": one}) for one in thoughts)]

    def text(self, text):
        return self.chunk({"content": text})

    def call(self, pieces):
        yield self.chunk({"tool_calls": [{"index": 0, "id": "t", "type": "function",
                                          "function": {"name": "look", "arguments": ""}}]})
        for piece in pieces:
            yield self.chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})

    def end(self, calls):
        usage = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                 "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 9,
                                          "total_tokens": 18}}
        return [self.chunk({}, "tool_calls" if calls else "stop"),
                f"data: {json.dumps(usage)}\n\n", "data: [DONE]\n\n"]

    @staticmethod
    def heard(events):
        text, finished, failed, ids = "", 0, False, set()
        for _, data in events:
            if data == "[DONE]":
                continue
            body = json.loads(data)
            failed |= "error" in body
            if "id" in body:
                ids.add(body["id"])
            for choice in body.get("choices", ()):
                text += choice["delta"].get("content") or ""
                finished += choice["finish_reason"] is not None
        return text, finished, failed, ids

    @staticmethod
    def called(events):
        """The arguments of the calls of tools."""
        bodies = [json.loads(data) for _, data in events if data != "[DONE]"]
        return "".join(call["function"]["arguments"] for body in bodies
                       for choice in body.get("choices", ())
                       for call in choice["delta"].get("tool_calls", ()))


class Messages:
    path, name = "/v1/messages", "messages"
    block = 0

    @staticmethod
    def event(kind, **more):
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n"

    def begin(self, thoughts):
        self.block = 0
        out = [self.event("message_start", message={
            "id": "c", "type": "message", "role": "assistant", "model": "m", "content": [],
            "stop_reason": None, "usage": {"input_tokens": 9, "output_tokens": 1}})]
        if thoughts:
            out += [self.event("content_block_start", index=0, content_block={
                "type": "thinking", "thinking": "", "signature": ""})]
            out += [self.event("content_block_delta", index=0, delta={
                "type": "thinking_delta", "thinking": one}) for one in thoughts]
            out += [self.event("content_block_delta", index=0, delta={
                "type": "signature_delta", "signature": "abcd"}),
                self.event("content_block_stop", index=0)]
            self.block = 1
        return out + [self.event("content_block_start", index=self.block,
                                 content_block={"type": "text", "text": ""})]

    def text(self, text):
        return self.event("content_block_delta", index=self.block,
                          delta={"type": "text_delta", "text": text})

    def call(self, pieces):
        yield self.event("content_block_stop", index=self.block)
        self.block += 1
        yield self.event("content_block_start", index=self.block, content_block={
            "type": "tool_use", "id": "t", "name": "look", "input": {}})
        for piece in pieces:
            yield self.event("content_block_delta", index=self.block, delta={
                "type": "input_json_delta", "partial_json": piece})

    def end(self, calls):
        return [self.event("content_block_stop", index=self.block),
                self.event("message_delta", usage={"output_tokens": 9},
                           delta={"stop_reason": "tool_use" if calls else "end_turn"}),
                self.event("message_stop")]

    @staticmethod
    def heard(events):
        text, finished, failed, ids = "", 0, False, set()
        for kind, data in events:
            body = json.loads(data)
            failed |= kind == "error"
            finished += kind == "message_stop"
            if kind == "message_start":
                ids.add(body["message"]["id"])
            text += body.get("delta", {}).get("text", "")
        return text, finished, failed, ids

    @staticmethod
    def called(events):
        return "".join(json.loads(data).get("delta", {}).get("partial_json", "")
                       for _, data in events)


GRAMMARS = {one.path: one for one in (Chat, Messages)}


def whole(answer, grammar):
    """What comes before the first piece of its text, and all else, as its first model tells it."""
    thoughts = ["Let me ", "think."] if answer.kind == THOUGHT else []
    calls = re.findall(r".{1,7}", answer.arguments)
    begin = grammar.begin(thoughts)
    out = [grammar.text(piece) for piece in answer.pieces]
    if calls:
        out += grammar.call(calls)
    return "".join(begin).encode(), "".join(out + grammar.end(bool(calls))).encode()


def rest(answer, messages, grammar):
    """The events of a model that was asked to go on; `messages` are those of its request."""
    last = messages[-1]
    instructed = re.search(r"<last_words>(.*)</last_words>", last["content"], re.S)
    delivered = messages[-2]["content"] if instructed else last["content"]
    assert answer.text.startswith(delivered), (delivered[-40:], answer.text[:40])
    following = answer.text[len(delivered):]
    anchor = instructed[1] if instructed else ""
    words = {
        TRUE: anchor + following,
        DOUBLES: anchor + again(delivered) + following,
        CHATS: "Sure! Here is the rest of it:\n\n" + anchor + following,
        # Of a prefill nobody can see that words are missing.
        LOSES: following.lstrip()[9:] if instructed else following,
        # What another answer is, behind a prefill, nobody can see either.
        ANEW: "In other words: " + delivered.swapcase() if instructed else answer.text,
        # Between words a space that is lost shows; between signs of code it does not.
        GLUES: anchor + (following if answer.kind == CODE else following.lstrip()),
    }[answer.manner]
    pieces = re.findall(r".{1,9}", words, re.S)
    calls = re.findall(r".{1,7}", answer.arguments)
    told = grammar.begin([]) + [grammar.text(piece) for piece in pieces]
    if calls:
        told += grammar.call(calls)
    return "".join(told + grammar.end(bool(calls))).encode()


def again(delivered):
    """Its last seven words, with what stands between them."""
    return re.search(r"(\s+\S+){0,7}$", delivered)[0]
