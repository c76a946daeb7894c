#!/usr/bin/env python3
"""A model on a loopback port that costs nothing: OpenAI's chat completions and Responses, Anthropic's Messages, Google's generateContent.

Usage: model_endpoint.py PORT

The first part of the path says how it behaves: /ok answers; /401, /429 and /500 refuse; /hang never answers; /tool asks once for the command that the
prompt names as RUN{{command}}, then answers. Every call tells the same usage: 1,234 tokens read (1,000 of them cached), 56 written (20 of them thinking).
Sources of the shapes: the providers' API references."""

import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = ["The ", "answer ", "is ", "42."]
READ, CACHED, WRITTEN, THOUGHT = 1234, 1000, 56, 20
WORDS = {401: ("authentication_error", "invalid api key"), 429: ("rate_limit_error", "rate limit reached"), 500: ("api_error", "internal error")}
SHELLS = ["Bash", "bash", "exec_command", "exec", "shell_command", "shell", "run_shell_command", "run_command"]


def names_of(tools):
    for tool in tools or []:
        for declared in tool.get("functionDeclarations", tool.get("function_declarations", [tool])):
            yield declared.get("name") or (declared.get("function") or {}).get("name") or ""


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def stream(self, events):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for name, event in events:
            line = f"event: {name}\n" if name else ""
            data = event if isinstance(event, str) else json.dumps(event)
            self.wfile.write(f"{line}data: {data}\n\n".encode())
            self.wfile.flush()

    def do_GET(self):
        if self.path.endswith("/models"):
            self.answer(200, {"object": "list", "data": [{"id": "fake-model", "object": "model", "owned_by": "nobody"}]})
        else:
            self.answer(404, {"error": {"message": "not here"}})

    def do_POST(self):
        mode, _, path = self.path.split("?")[0].lstrip("/").partition("/")
        if "chunked" in (self.headers.get("transfer-encoding") or ""):
            data = b""
            while size := int(self.rfile.readline().strip().split(b";")[0], 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            asked = json.loads(data or b"{}")
        except ValueError:
            asked = {}
        try:
            self.reply(mode, path, asked, data.decode(errors="replace"))
        except (BrokenPipeError, ConnectionResetError):
            pass

    def reply(self, mode, path, asked, text):
        if "count" in path.lower() and "token" in path.lower():
            return self.answer(200, {"input_tokens": READ, "totalTokens": READ})
        if mode.isdigit():
            kind, words = WORDS[int(mode)]
            wait = [("retry-after", "1")] if mode == "429" else []
            google = {"401": "UNAUTHENTICATED", "429": "RESOURCE_EXHAUSTED", "500": "INTERNAL"}[mode]
            error = {"type": kind, "code": int(mode) if "enerateContent" in path else kind, "message": words, "status": google}
            return self.answer(int(mode), {"type": "error", "error": error}, wait)
        if mode == "hang":
            return time.sleep(3600)
        command = None
        if mode == "tool" and not any(mark in text for mark in ('"tool_result"', '"role":"tool"', '"role": "tool"', 'call_output"', '"functionResponse"')):
            wanted = re.search(r"RUN\{\{(.*?)\}\}", text)
            known = set(names_of(asked.get("tools")))
            shell = next((name for name in SHELLS if name in known), None)
            if wanted and shell:
                command = (shell, json.loads(f'"{wanted.group(1)}"') if "\\" in wanted.group(1) else wanted.group(1))
        model = asked.get("model") or "fake-model"
        if path.endswith("chat/completions"):
            return self.chat(asked, model, command)
        if path.endswith("responses"):
            return self.respond(asked, model, command)
        if path.endswith("messages"):
            return self.messages(asked, model, command)
        if "enerateContent" in path:
            return self.generate(path, asked, command)
        return self.answer(404, {"error": {"message": f"not here: {path}"}})

    def chat(self, asked, model, command):
        usage = {
            "prompt_tokens": READ, "completion_tokens": WRITTEN, "total_tokens": READ + WRITTEN,
            "prompt_tokens_details": {"cached_tokens": CACHED}, "completion_tokens_details": {"reasoning_tokens": THOUGHT},
        }
        head = {"id": "chat-1", "created": int(time.time()), "model": model}
        if not asked.get("stream"):
            message = {"role": "assistant", "content": "".join(ANSWER)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return self.answer(200, {**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        deltas = [({"content": piece}, None) for piece in ANSWER] + [({}, "stop")]
        if command:
            call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": command[0], "arguments": json.dumps({"command": command[1], "description": "as asked"})}}
            deltas = [({"tool_calls": [call]}, None), ({}, "tool_calls")]
        chunk = {**head, "object": "chat.completion.chunk"}
        events = [(None, {**chunk, "choices": [{"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": end}]}) for delta, end in deltas]
        self.stream(events + [(None, {**chunk, "choices": [], "usage": usage}), (None, "[DONE]")])

    def respond(self, asked, model, command):
        usage = {
            "input_tokens": READ, "input_tokens_details": {"cached_tokens": CACHED},
            "output_tokens": WRITTEN, "output_tokens_details": {"reasoning_tokens": THOUGHT}, "total_tokens": READ + WRITTEN,
        }
        whole = {"id": "resp_1", "object": "response", "created_at": int(time.time()), "model": model, "error": None, "output": []}
        text = "".join(ANSWER)
        item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": []}]}
        if command:
            words = {"exec_command": {"cmd": command[1]}, "shell": {"command": ["bash", "-lc", command[1]]}}.get(command[0], {"command": command[1]})
            item = {"id": "call_1", "type": "function_call", "status": "completed", "call_id": "call_1", "name": command[0], "arguments": json.dumps(words)}
        done = {**whole, "status": "completed", "output": [item], "usage": usage}
        if not asked.get("stream"):
            return self.answer(200, done)
        told = [("response.created", {"response": {**whole, "status": "in_progress"}}), ("response.output_item.added", {"output_index": 0, "item": {**item, "status": "in_progress"}})]
        if not command:
            told += [("response.output_text.delta", {"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": piece}) for piece in ANSWER]
        told += [("response.output_item.done", {"output_index": 0, "item": item}), ("response.completed", {"response": done})]
        self.stream((name, {"type": name, "sequence_number": number, **event}) for number, (name, event) in enumerate(told))

    def messages(self, asked, model, command):
        usage = {"input_tokens": READ, "cache_creation_input_tokens": 0, "cache_read_input_tokens": CACHED, "output_tokens": WRITTEN}
        block, end = {"type": "text", "text": "".join(ANSWER)}, "end_turn"
        if command:
            block, end = {"type": "tool_use", "id": "toolu_1", "name": command[0], "input": {"command": command[1], "description": "as asked"}}, "tool_use"
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": None, "stop_sequence": None}
        if not asked.get("stream"):
            return self.answer(200, {**message, "content": [block], "stop_reason": end, "usage": usage})
        if command:
            begun, deltas = {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
        else:
            begun, deltas = {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in ANSWER]
        told = [("message_start", {"message": {**message, "usage": {**usage, "output_tokens": 1}}}), ("content_block_start", {"index": 0, "content_block": begun})]
        told += [("content_block_delta", {"index": 0, "delta": delta}) for delta in deltas]
        told += [("content_block_stop", {"index": 0}), ("message_delta", {"delta": {"stop_reason": end, "stop_sequence": None}, "usage": {"output_tokens": WRITTEN}}), ("message_stop", {})]
        self.stream((name, {"type": name, **event}) for name, event in told)

    def generate(self, path, asked, command):
        usage = {"promptTokenCount": READ, "cachedContentTokenCount": CACHED, "candidatesTokenCount": WRITTEN - THOUGHT, "thoughtsTokenCount": THOUGHT, "totalTokenCount": READ + WRITTEN}

        def part(part, end=None):
            candidate = {"content": {"role": "model", "parts": [part]}, "index": 0}
            if end:
                candidate["finishReason"] = end
            return {"candidates": [candidate], "usageMetadata": usage, "responseId": "1"}

        if "streamGenerateContent" not in path:
            helper = {"model_choice": "flash", "reasoning": "short", "complexity_score": 1, "complexity_reasoning": "short"}
            wants_json = (asked.get("generationConfig") or {}).get("responseMimeType") == "application/json"
            return self.answer(200, part({"text": json.dumps(helper) if wants_json else "".join(ANSWER)}, "STOP"))
        if command:
            return self.stream([(None, part({"functionCall": {"name": command[0], "args": {"command": command[1], "description": "as asked"}}}, "STOP"))])
        self.stream([(None, part({"text": piece})) for piece in ANSWER] + [(None, part({"text": ""}, "STOP"))])


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


Server((sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1", int(sys.argv[1])), Model).serve_forever()
