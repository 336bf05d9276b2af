"""The part of the protocol buffers encoding that CRI's messages need: numbers, strings and nested messages."""

VARINT, LENGTH_DELIMITED = 0, 2


def _varint(number):
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def encode(message):
    """Encodes {field number: value}. A value that is a dictionary is a nested message; a list is a repeated field."""
    encoded = b""
    for field, value in message.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int):
                encoded += _varint(field << 3 | VARINT) + _varint(one & 0xFFFFFFFFFFFFFFFF)
            else:
                content = encode(one) if isinstance(one, dict) else one.encode()
                encoded += _varint(field << 3 | LENGTH_DELIMITED) + _varint(len(content)) + content
    return encoded


def _read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return number, at


def decode(data):
    """Decodes a message to {field number: [value]}.

    Numbers are int. Strings and nested messages are bytes: the encoding doesn't tell them apart, so the caller decodes them.
    """
    fields, at = {}, 0
    while at < len(data):
        key, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if key & 7 == LENGTH_DELIMITED:
            value, at = data[at:at + value], at + value
        fields.setdefault(key >> 3, []).append(value)
    return fields
