"""The mock provider does what its script says, and its counting is right."""

import http.client
import json
import os
import socket
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("RECLOSER_SHARED") or HERE.parents[2] / "shared")


class MockProviderTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen([sys.executable, HERE / "mock_provider.py"],
                                       stdout=subprocess.PIPE, text=True)
        cls.port = int(cls.process.stdout.readline().rsplit(":", 1)[1])

    @classmethod
    def tearDownClass(cls):
        cls.process.terminate()
        cls.process.wait()
        cls.process.stdout.close()

    def setUp(self):
        self.ask("DELETE", "/mock/log")

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        text = json.dumps(body) if body is not None else None
        connection.request(method, path, text, {"authorization": "Bearer k"})
        answer = connection.getresponse()
        try:
            return answer.status, answer.read()
        finally:
            connection.close()

    def script(self, **script):
        self.ask("PUT", "/mock/script", {"m": script})

    def call(self, path="/v1/chat/completions", **more):
        return self.ask("POST", path, {"model": "m", **more})

    def log(self, query=""):
        return json.loads(self.ask("GET", "/mock/log" + query)[1])["data"]

    def test_whole_answers_in_three_dialects(self):
        self.script(tokens=3)
        for path, at in (("/v1/chat/completions", "completion_tokens"),
                         ("/v1/messages", "output_tokens"), ("/v1/responses", "output_tokens")):
            status, body = self.call(path)
            self.assertEqual((status, json.loads(body)["usage"][at]), (200, 3), path)

    def test_usage_present_absent_and_zero(self):
        for usage, figure in (("present", 3), ("zero", 0), ("absent", None)):
            self.script(tokens=3, usage=usage)
            whole = json.loads(self.call()[1])
            self.assertEqual((whole.get("usage") or {}).get("completion_tokens"), figure)
            stream = self.call(stream=True, stream_options={"include_usage": True})[1].decode()
            self.assertEqual('"usage":' in stream, figure is not None)
            self.assertTrue(stream.endswith("data: [DONE]\n\n"))

    def test_a_stream_cut_at_every_byte_is_the_same(self):
        for path in ("/v1/chat/completions", "/v1/messages", "/v1/responses"):
            self.script(tokens=2)
            one = self.call(path, stream=True)[1]
            self.script(tokens=2, cut=1)
            self.assertEqual(self.call(path, stream=True)[1], one)

    def test_status_headers_and_body_as_scripted(self):
        self.script(status=429, headers={"retry-after": "7"}, body={"error": {"message": "x"}})
        self.assertEqual(self.call(), (429, b'{"error": {"message": "x"}}'))

    def test_events_as_scripted(self):
        self.script(events=[": hi\n\n", {"a": 1}, {"event": "e", "data": {"b": 2}}])
        self.assertEqual(self.call(stream=True)[1],
                         b': hi\n\ndata: {"a":1}\n\nevent: e\ndata: {"b":2}\n\n')

    def test_faults_after_so_many_bytes(self):
        self.script(tokens=50, reset_after=1000)
        with self.assertRaises((ConnectionError, http.client.IncompleteRead)):
            self.call(stream=True)
        self.script(tokens=50, close_after=1000)
        with self.assertRaises(http.client.IncompleteRead):
            self.call(stream=True)
        self.script(tokens=50, truncate_after=1000)
        self.assertEqual(len(self.call(stream=True)[1]), 1000)
        for attempt in self.log():
            self.assertEqual((attempt["body_bytes"], attempt["finished"]), (1000, False))
            self.assertLess(attempt["pieces"], 50)

    def test_it_sees_a_peer_that_leaves(self):
        self.script(tokens=5, stall_after=300)
        body = json.dumps({"model": "m", "stream": True, "user": "leaver"}).encode()
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as peer:
            peer.sendall(b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\n\r\n%s"
                         % (len(body), body))
            while b"assistant" not in peer.recv(4096):
                pass
            self.assertFalse(self.log()[0]["peer_closed"])
        attempt = self.log("?leaver")[0]
        self.assertTrue(attempt["peer_closed"])
        self.assertGreater(attempt["closed_ms"], attempt["at_ms"])

    def test_counts(self):
        self.script(tokens=4)
        self.call()
        self.call(stream=True)
        counts = json.loads(self.ask("GET", "/mock/counts")[1])
        self.assertEqual(counts["m"], {"attempts": 2, "finished": 2, "peer_closed": 0, "pieces": 8})

    def test_one_connection_carries_many_calls(self):
        self.script(tokens=1)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        for _ in range(3):
            connection.request("POST", "/v1/messages", json.dumps({"model": "m", "stream": True}))
            self.assertTrue(connection.getresponse().read().endswith(b'"message_stop"}\n\n'))
        connection.close()
        self.assertEqual(len(self.log()), 3)

    @unittest.skipUnless((SHARED / "recordings").is_dir(), "the shared recordings are not here")
    def test_recordings_as_they_were(self):
        name = "anthropic-messages-stream-sdk-basic-response"
        recorded = json.loads((SHARED / "recordings" / f"{name}.json").read_text())["response"]
        for cut in (0, 1):
            self.script(recording=name, cut=cut)
            status, body = self.call("/v1/messages", stream=True)
            self.assertEqual((status, body.decode()), (recorded["status"], recorded["body"]))


if __name__ == "__main__":
    unittest.main()
