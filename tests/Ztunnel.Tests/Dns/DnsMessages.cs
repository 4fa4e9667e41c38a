using System.Buffers.Binary;
using System.Net;
using System.Text;
using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Tests.Dns;

/// <summary>Messages written by hand, byte by byte, so that the codec is not tested with itself.</summary>
internal static class DnsMessages
{
    public static byte[] Name(string name) =>
        [.. name.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.Latin1.GetBytes(label)]), 0];

    public static byte[] Number(int value) => [(byte)(value >> 8), (byte)value];

    public static byte[] Header(int id, int flags = 0x0100, int questions = 1, int answers = 0, int authorities = 0, int additionals = 0) =>
        [.. Number(id), .. Number(flags), .. Number(questions), .. Number(answers), .. Number(authorities), .. Number(additionals)];

    public static byte[] Question(string name, RecordType type, int @class = 1) => [.. Name(name), .. Number((int)type), .. Number(@class)];

    public static byte[] Opt(int payload, int version = 0, bool dnssecOk = false) =>
        [0, .. Number(41), .. Number(payload), 0, (byte)version, .. Number(dnssecOk ? 0x8000 : 0), 0, 0];

    public static byte[] Query(string name, RecordType type, int id = 0x1234, int flags = 0x0100) =>
        [.. Header(id, flags), .. Question(name, type)];

    public static byte[] QueryWithEdns(string name, RecordType type, int payload, int version = 0, bool dnssecOk = false, int id = 0x1234) =>
        [.. Header(id, additionals: 1), .. Question(name, type), .. Opt(payload, version, dnssecOk)];

    /// <summary>Reads a response with a reader of its own, so that the writer is not tested with our reader.</summary>
    public static ReadMessage Read(ReadOnlySpan<byte> message) => new(message.ToArray());
}

/// <summary>A message taken apart; throws on anything malformed.</summary>
internal sealed class ReadMessage
{
    private readonly byte[] _bytes;
    private int _at;

    public ReadMessage(byte[] bytes)
    {
        _bytes = bytes;
        (Id, Flags) = (Number(), Number());
        var counts = new[] { Number(), Number(), Number(), Number() };
        Questions = [.. Enumerable.Range(0, counts[0]).Select(_ => (Name(), (RecordType)Number(), Number()))];
        Answers = [.. Enumerable.Range(0, counts[1]).Select(_ => Record())];
        Authorities = [.. Enumerable.Range(0, counts[2]).Select(_ => Record())];
        Additionals = [.. Enumerable.Range(0, counts[3]).Select(_ => Record())];
        Assert.Equal(bytes.Length, _at);
    }

    public int Id { get; }
    public int Flags { get; }
    public bool IsResponse => (Flags & 0x8000) != 0;
    public bool IsAuthoritative => (Flags & 0x0400) != 0;
    public bool IsTruncated => (Flags & 0x0200) != 0;
    public bool RecursionAvailable => (Flags & 0x0080) != 0;
    public ResponseCode Code => (ResponseCode)(Flags & 0xF);
    public (string Name, RecordType Type, int Class)[] Questions { get; }
    public ReadRecord[] Answers { get; }
    public ReadRecord[] Authorities { get; }
    public ReadRecord[] Additionals { get; }
    public ReadRecord? Opt => Additionals.SingleOrDefault(record => record.Type == RecordType.OPT);
    public string[] Addresses => [.. Answers.Where(record => record.Type is RecordType.A or RecordType.AAAA).Select(record => record.Text)];

    private ReadRecord Record()
    {
        var name = Name();
        var (type, @class, ttl, length) = ((RecordType)Number(), Number(), Number() << 16 | Number(), Number());
        var data = _bytes[_at..(_at + length)];
        var text = type switch
        {
            RecordType.A or RecordType.AAAA => new IPAddress(data).ToString(),
            RecordType.CNAME => Name(),
            _ => Convert.ToHexString(data),
        };
        if (type != RecordType.CNAME)
            _at += length;
        return new(name, type, @class, ttl, text, data);
    }

    private int Number()
    {
        var value = BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(_at));
        _at += 2;
        return value;
    }

    private string Name()
    {
        var (text, at, end) = (new StringBuilder(), _at, -1);
        for (var steps = 0; _bytes[at] != 0; steps++)
        {
            Assert.True(steps < 200, "a pointer loop");
            if (_bytes[at] >= 0xC0)
            {
                end = end < 0 ? at + 2 : end;
                at = (_bytes[at] & 0x3F) << 8 | _bytes[at + 1];
                continue;
            }
            text.Append(Encoding.Latin1.GetString(_bytes, at + 1, _bytes[at])).Append('.');
            at += _bytes[at] + 1;
        }
        _at = end < 0 ? at + 1 : end;
        return text.ToString();
    }
}

internal sealed record ReadRecord(string Name, RecordType Type, int Class, int Ttl, string Text, byte[] Data);
