"""The bytes that are sent to every server, and where we differ from one of them on purpose."""

HOST = b"Host: h\r\n"


def _get(fields=b"", line=b"GET /p HTTP/1.1", host=HOST):
    return line + b"\r\n" + host + fields + b"\r\n"


def _post(fields, body=b"", line=b"POST /p HTTP/1.1"):
    return line + b"\r\n" + HOST + fields + b"\r\n" + body


def _chunked(body):
    return _post(b"Transfer-Encoding: chunked\r\n", body)


REQUESTS = {
    # what everyone takes
    "plain": _get(),
    "two": _get() + _get(line=b"GET /q HTTP/1.1"),
    "leading-crlf": b"\r\n" + _get(),
    "query": _get(line=b"GET /p?a=b?c HTTP/1.1"),
    "odd-target": _get(line=b"GET /p|{}^`\\ HTTP/1.1"),
    "http10": _get(line=b"GET /p HTTP/1.0"),
    "http10-keep-alive": _get(b"Connection: keep-alive\r\n", line=b"GET /p HTTP/1.0"),
    "http10-no-host": _get(line=b"GET /p HTTP/1.0", host=b""),
    "close": _get(b"Connection: close\r\n"),
    "absolute": _get(line=b"GET http://h/p HTTP/1.1"),
    "value-blanks": _get(b"A:\t b \t\r\nB:\r\n"),
    "value-obs-text": _get(b"A: \xff\x80\r\n"),
    "token-name": _get(b"!#$%&'*+-.^`|~: b\r\n"),
    "length": _post(b"Content-Length: 5\r\n", b"hello"),
    "length-0": _post(b"Content-Length: 0\r\n"),
    "length-zeros": _post(b"Content-Length: 005\r\n", b"hello"),
    "get-with-body": _get(b"Content-Length: 5\r\n") + b"hello",
    "expect": _post(b"Expect: 100-continue\r\nContent-Length: 5\r\n", b"hello"),
    "chunked": _chunked(b"5\r\nhello\r\n0\r\n\r\n"),
    "chunked-case": _post(b"Transfer-Encoding: CHUNKED\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    "chunked-two": _chunked(b"5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n"),
    "chunked-zeros": _chunked(b"0005\r\nhello\r\n000\r\n\r\n"),
    "chunked-extension": _chunked(b"5;a=b\r\nhello\r\n0;c\r\n\r\n"),
    "chunked-extension-blank": _chunked(b"5 ;a=b\r\nhello\r\n0\r\n\r\n"),
    "chunked-trailer": _chunked(b"5\r\nhello\r\n0\r\nA: b\r\n\r\n"),
    "chunked-looks-like-request": _chunked(
        b"1d\r\n" + _get().ljust(29, b"x") + b"\r\n0\r\n\r\n"),
    # lines
    "bare-lf": b"GET /p HTTP/1.1\nHost: h\n\n",
    "bare-lf-field": b"GET /p HTTP/1.1\r\nHost: h\nA: b\r\n\r\n",
    "bare-lf-end": b"GET /p HTTP/1.1\r\nHost: h\r\n\n",
    "bare-cr": _get(b"A: b\rC: d\r\n"),
    "cr-cr-lf": _get(b"A: b\r\r\n"),
    "nul-value": _get(b"A: b\0c\r\n"),
    "nul-name": _get(b"A\0: b\r\n"),
    "control-value": _get(b"A: b\x01c\r\n"),
    "del-value": _get(b"A: b\x7fc\r\n"),
    "leading-crlf-twice": b"\r\n\r\n" + _get(),
    "leading-lf": b"\n" + _get(),
    # first line
    "lower-method": _get(line=b"get /p HTTP/1.1"),
    "method-token": _get(line=b"G!T /p HTTP/1.1"),
    "space-before-method": _get(line=b" GET /p HTTP/1.1"),
    "two-spaces": _get(line=b"GET  /p HTTP/1.1"),
    "two-spaces-version": _get(line=b"GET /p  HTTP/1.1"),
    "tab": _get(line=b"GET\t/p\tHTTP/1.1"),
    "trailing-space": _get(line=b"GET /p HTTP/1.1 "),
    "fragment": _get(line=b"GET /p#f HTTP/1.1"),
    "target-obs-text": _get(line=b"GET /p\xc3\xa4 HTTP/1.1"),
    "target-control": _get(line=b"GET /p\x01 HTTP/1.1"),
    "target-relative": _get(line=b"GET p HTTP/1.1"),
    "asterisk-get": _get(line=b"GET * HTTP/1.1"),
    "connect": _get(line=b"CONNECT h:443 HTTP/1.1"),
    "http09": b"GET /p\r\n",
    "http12": _get(line=b"GET /p HTTP/1.2"),
    "http20": _get(line=b"GET /p HTTP/2.0"),
    "http-lower": _get(line=b"GET /p http/1.1"),
    "http-1.10": _get(line=b"GET /p HTTP/1.10"),
    "absolute-conflict": _get(line=b"GET http://other/p HTTP/1.1"),
    "absolute-userinfo": _get(line=b"GET http://u@h/p HTTP/1.1"),
    # fields
    "fold": _get(b"A: b\r\n c\r\n"),
    "fold-first": b"GET /p HTTP/1.1\r\n Host: h\r\n\r\n",
    "space-colon": _get(b"A : b\r\n"),
    "space-colon-length": _post(b"Content-Length : 5\r\n", b"hello"),
    "no-colon": _get(b"A\r\n"),
    "empty-name": _get(b": b\r\n"),
    "name-space": _get(b"A B: c\r\n"),
    "name-paren": _get(b"A(: c\r\n"),
    "name-obs-text": _get(b"A\xff: c\r\n"),
    # host
    "no-host": _get(host=b""),
    "two-hosts": _get(b"Host: h\r\n"),
    "two-hosts-differ": _get(b"Host: i\r\n"),
    "host-slash": _get(host=b"Host: x/#@y\r\n"),
    "host-userinfo": _get(host=b"Host: u@h\r\n"),
    "host-empty": _get(host=b"Host:\r\n"),
    "host-space": _get(host=b"Host: a b\r\n"),
    "host-list": _get(host=b"Host: a,b\r\n"),
    "host-port-letters": _get(host=b"Host: a:b\r\n"),
    # framing
    "length-twice": _post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello"),
    "length-conflict": _post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"),
    "length-list": _post(b"Content-Length: 5, 5\r\n", b"hello"),
    "length-plus": _post(b"Content-Length: +5\r\n", b"hello"),
    "length-minus": _post(b"Content-Length: -5\r\n", b"hello"),
    "length-hex": _post(b"Content-Length: 0x5\r\n", b"hello"),
    "length-blank": _post(b"Content-Length: 5 5\r\n", b"hello"),
    "length-empty": _post(b"Content-Length:\r\n", b"hello"),
    "length-overflow": _post(b"Content-Length: 18446744073709551621\r\n", b"hello"),
    "both": _post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    "both-reversed": _post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"),
    "te-twice": _post(b"Transfer-Encoding: chunked\r\n" * 2, b"0\r\n\r\n"),
    "te-list": _post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
    "te-chunked-twice": _post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n"),
    "te-chunked-first": _post(b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n"),
    "te-identity": _post(b"Transfer-Encoding: identity\r\n"),
    "te-unknown": _post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    "te-empty": _post(b"Transfer-Encoding:\r\n"),
    "te-vertical-tab": _post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"),
    "te-quoted": _post(b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n"),
    "te-http10": _post(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"POST /p HTTP/1.0"),
    "connection-length": _post(b"Connection: content-length\r\nContent-Length: 5\r\n", b"hello"),
    "expect-other": _get(b"Expect: 200-ok\r\n"),
    # chunks
    "chunk-0x": _chunked(b"0x5\r\nhello\r\n0\r\n\r\n"),
    "chunk-plus": _chunked(b"+5\r\nhello\r\n0\r\n\r\n"),
    "chunk-space-before": _chunked(b" 5\r\nhello\r\n0\r\n\r\n"),
    "chunk-space-after": _chunked(b"5 \r\nhello\r\n0\r\n\r\n"),
    "chunk-bare-lf": _chunked(b"5\nhello\n0\n\n"),
    "chunk-extension-lf": _chunked(b"5;a\nhello\r\n0\r\n\r\n"),
    "chunk-no-crlf": _chunked(b"5\r\nhello0\r\n\r\n"),
    "chunk-wrong-size": _chunked(b"4\r\nhello\r\n0\r\n\r\n"),
    "chunk-overflow": _chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    "chunk-empty-size": _chunked(b"\r\nhello\r\n0\r\n\r\n"),
    "chunk-letters": _chunked(b"5g\r\nhello\r\n0\r\n\r\n"),
    "chunk-trailer-lf": _chunked(b"0\r\nA: b\n\r\n"),
    "chunk-trailer-no-colon": _chunked(b"0\r\nAb\r\n\r\n"),
}


def _ok(fields, body=b"", line=b"HTTP/1.1 200 OK"):
    return line + b"\r\n" + fields + b"\r\n" + body


RESPONSES = {
    "length": _ok(b"Content-Length: 5\r\n", b"hello"),
    "length-and-more": _ok(b"Content-Length: 5\r\n", b"hello, world"),
    "length-short": _ok(b"Content-Length: 9\r\n", b"hello"),
    "until-close": _ok(b"", b"hello"),
    "chunked": _ok(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    "chunked-and-more": _ok(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\nmore"),
    "chunked-short": _ok(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n"),
    "no-phrase": _ok(b"Content-Length: 5\r\n", b"hello", b"HTTP/1.1 200 "),
    "no-phrase-no-space": _ok(b"Content-Length: 5\r\n", b"hello", b"HTTP/1.1 200"),
    "http10": _ok(b"Content-Length: 5\r\n", b"hello", b"HTTP/1.0 200 OK"),
    "204": _ok(b"", b"", b"HTTP/1.1 204 No Content"),
    "interim-100": b"HTTP/1.1 100 Continue\r\n\r\n" + _ok(b"Content-Length: 5\r\n", b"hello"),
    "both": _ok(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    "length-twice": _ok(b"Content-Length: 5\r\n" * 2, b"hello"),
    "length-conflict": _ok(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello!"),
    "length-letters": _ok(b"Content-Length: five\r\n", b"hello"),
    "length-list": _ok(b"Content-Length: 5, 5\r\n", b"hello"),
    "te-list": _ok(b"Transfer-Encoding: gzip, chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n"),
    "te-http10": _ok(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n",
                     b"HTTP/1.0 200 OK"),
    "bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "fold": _ok(b"A: b\r\n c\r\nContent-Length: 5\r\n", b"hello"),
    "space-colon": _ok(b"A : b\r\nContent-Length: 5\r\n", b"hello"),
    "nul-value": _ok(b"A: \0\r\nContent-Length: 5\r\n", b"hello"),
    "bare-cr": _ok(b"A: b\rc\r\nContent-Length: 5\r\n", b"hello"),
    "status-2-digits": _ok(b"Content-Length: 5\r\n", b"hello", b"HTTP/1.1 20 OK"),
    "status-letters": _ok(b"Content-Length: 5\r\n", b"hello", b"HTTP/1.1 2x0 OK"),
    "http20": _ok(b"Content-Length: 5\r\n", b"hello", b"HTTP/2.0 200 OK"),
    "html": b"<html>no</html>",
    "204-with-length": _ok(b"Content-Length: 5\r\n", b"hello", b"HTTP/1.1 204 No Content"),
    "101": _ok(b"Upgrade: x\r\nConnection: upgrade\r\n", b"", b"HTTP/1.1 101 Switching"),
    "chunk-bare-lf": _ok(b"Transfer-Encoding: chunked\r\n", b"5\nhello\n0\n\n"),
    "chunk-no-crlf": _ok(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello0\r\n\r\n"),
    "chunk-overflow": _ok(
        b"Transfer-Encoding: chunked\r\n", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
}
