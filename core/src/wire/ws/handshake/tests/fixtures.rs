//! Requests and answers as they are on the wire, from the RFC and from programs that people use.

/// RFC 6455, 1.3, with the sub-protocol of this wire added to its list.
pub(super) const RFC_REQUEST: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Origin: http://example.com\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

pub(super) const CHROMIUM: &str = "GET /?room=3 HTTP/1.1\r\n\
    Host: 127.0.0.1:7010\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/126.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: http://127.0.0.1:7080\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9,ko;q=0.8\r\n\
    Cookie: _ga=GA1.1.1462397413.1716534567; session=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIi\
    OiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36P\
    Ok6yJV_adQssw5c; theme=dark\r\n\
    Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
    Sec-WebSocket-Protocol: tinyrealm.v2\r\n\r\n";

pub(super) const FIREFOX: &str = "GET / HTTP/1.1\r\n\
    Host: 127.0.0.1:7010\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0\r\n\
    Accept: */*\r\n\
    Accept-Language: en-US,en;q=0.5\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Origin: http://127.0.0.1:7080\r\n\
    Sec-WebSocket-Protocol: tinyrealm.v2\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\
    Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\
    DNT: 1\r\n\
    Connection: keep-alive, Upgrade\r\n\
    Sec-Fetch-Dest: empty\r\n\
    Sec-Fetch-Mode: websocket\r\n\
    Sec-Fetch-Site: same-site\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    Upgrade: websocket\r\n\r\n";

/// The library `websockets` of Python.
pub(super) const PYTHON: &str = "GET / HTTP/1.1\r\n\
    Host: 127.0.0.1:7010\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
    Sec-WebSocket-Protocol: other, tinyrealm.v2\r\n\
    User-Agent: Python/3.12 websockets/12.0\r\n\r\n";

/// The library `ws` of Node.js.
pub(super) const NODE: &str = "GET / HTTP/1.1\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\
    Connection: Upgrade\r\n\
    Upgrade: websocket\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
    Sec-WebSocket-Protocol: tinyrealm.v2\r\n\
    Host: 127.0.0.1:7010\r\n\r\n";

/// RFC 6455, 1.3.
pub(super) const RFC_ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    Sec-WebSocket-Protocol: tinyrealm.v2\r\n\r\n";

/// The library `websockets` of Python.
pub(super) const PYTHON_ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Date: Sun, 16 Jun 2024 09:20:11 GMT\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    Sec-WebSocket-Protocol: tinyrealm.v2\r\n\
    Server: Python/3.12 websockets/12.0\r\n\r\n";

/// What a proxy makes of an answer: other cases, other blanks, other fields.
pub(super) const PROXIED_ANSWER: &str = "HTTP/1.1 101 Web Socket Protocol Handshake\r\n\
    server:nginx\r\n\
    connection: keep-alive, upgrade\r\n\
    upgrade:\tWebSocket\t\r\n\
    sec-websocket-protocol:tinyrealm.v2\r\n\
    SEC-WEBSOCKET-ACCEPT:   s3pPLMBiTxaQ9kYGzzhZRbK+xOo=  \r\n\r\n";
