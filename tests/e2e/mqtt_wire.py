# SPDX-License-Identifier: Apache-2.0
"""MQTT packets to bytes and back, as far as the subscribers and the fake broker need them."""
import socket
import struct

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14


def text(value):
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(raw)) + raw


def varint(number):
    out = b""
    while True:
        number, low = number >> 7, number & 0x7F
        out += bytes((low | (0x80 if number else 0),))
        if not number:
            return out


def packet(kind, body=b"", flags=0):
    return bytes((kind << 4 | flags,)) + varint(len(body)) + body


def connect(client_id, user=None):
    """CONNECT of MQTT 5, without keep-alive; `user`: (name, password)."""
    flags = 0x02 | (0xC0 if user else 0)
    return packet(CONNECT, text("MQTT") + bytes((5, flags, 0, 0, 0)) + text(client_id) +
                  b"".join(text(part) for part in user or ()))


def publish(topic, payload, number=None, retain=True):
    """PUBLISH of MQTT 5: at QoS 1 with a packet id, else at QoS 0."""
    qos = 0 if number is None else 1
    return packet(PUBLISH, text(topic) + (struct.pack(">H", number) if qos else b"") + b"\x00" + payload,
                  qos << 1 | bool(retain))


def read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return number, at


def read_packet(stream):
    """(kind, flags, body) from a buffered stream; None at its end."""
    first = stream.read(1)
    if not first:
        return None
    length = shift = 0
    while True:
        byte = stream.read(1)
        if not byte:
            return None
        length |= (byte[0] & 0x7F) << shift
        shift += 7
        if not byte[0] & 0x80:
            break
    body = stream.read(length)
    if len(body) < length:
        return None
    return first[0] >> 4, first[0] & 15, body


def split_publish(flags, body, version):
    """(topic, packet id or None, payload) of a PUBLISH."""
    size = struct.unpack_from(">H", body)[0]
    topic, at = body[2:2 + size].decode(), 2 + size
    number = None
    if flags >> 1 & 3:
        number = struct.unpack_from(">H", body, at)[0]
        at += 2
    if version == 5:
        length, at = read_varint(body, at)
        at += length
    return topic, number, body[at:]


class Packets:
    """Bytes in, as they come; whole packets out: (first byte, body)."""

    def __init__(self):
        self._left = b""

    def feed(self, piece):
        data, at = self._left + piece, 0
        while len(data) - at >= 2:
            try:
                length, begin = read_varint(data, at + 1)
            except IndexError:
                break
            if len(data) < begin + length:
                break
            yield data[at], data[begin:begin + length]
            at = begin + length
        self._left = data[at:]


def listen(port, name, take, topic="depotlink/#", timeout=30):
    """A connection that is subscribed at QoS 0, with what was said as published; (socket, packets). `take`: gets each
    packet that came before the subscription was acknowledged."""
    sock, packets = socket.create_connection(("127.0.0.1", port), timeout), Packets()
    sock.sendall(connect(name) + packet(SUBSCRIBE, b"\x00\x01\x00" + text(topic) + b"\x08", 2))
    subscribed = False
    while not subscribed:
        piece = sock.recv(1 << 18)
        if not piece:
            raise OSError("the broker hung up")
        for first, body in packets.feed(piece):
            subscribed = subscribed or first >> 4 == SUBACK
            take(first, body)
    sock.settimeout(None)
    return sock, packets
