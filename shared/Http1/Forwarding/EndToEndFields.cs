using System.Text;
using Ambient.Http1.Heads;

namespace Ambient.Http1.Forwarding;

/// <summary>The fields of a message that are for its final recipient (RFC 9110 §7.6.1): what an intermediary passes on.</summary>
/// <remarks>Left out are fields of one hop, fields that Connection names, and the fields of framing, which belong to whoever writes the message
/// anew. Host is left out of requests by the writer that sets it; here it passes like any other.</remarks>
public readonly ref struct EndToEndFields
{
    private readonly FieldSection _fields;
    private readonly bool _hasConnection;

    public EndToEndFields(FieldSection fields)
    {
        _fields = fields;
        _hasConnection = fields.TryGet("connection"u8, out _);
    }

    public Enumerator GetEnumerator() => new(this);

    /// <summary>True for the fields that speak to the next hop alone, and for those of framing.</summary>
    public static bool IsOfOneHop(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 => Is(name, "te"u8),
        7 => Is(name, "trailer"u8) || Is(name, "upgrade"u8),
        10 => Is(name, "connection"u8) || Is(name, "keep-alive"u8),
        14 => Is(name, "content-length"u8) || Is(name, "http2-settings"u8),
        16 => Is(name, "proxy-connection"u8),
        17 => Is(name, "transfer-encoding"u8),
        18 => Is(name, "proxy-authenticate"u8),
        19 => Is(name, "proxy-authorization"u8),
        _ => false,
    };

    /// <summary>Fields that Connection cannot take away: a sender could otherwise strip what routing, policy and telemetry rely on.</summary>
    private static bool IsProtected(ReadOnlySpan<byte> name) =>
        Is(name, "host"u8) || Is(name, "authorization"u8) || Is(name, "cookie"u8) || Is(name, "x-request-id"u8) || Is(name, "forwarded"u8)
        || Is(name, "traceparent"u8) || Is(name, "tracestate"u8) || Is(name, "content-type"u8)
        || (name.Length > 12 && Is(name[..12], "x-forwarded-"u8));

    private bool Passes(Field field) =>
        !IsOfOneHop(field.Name) && (!_hasConnection || IsProtected(field.Name) || !_fields.HasToken("connection"u8, field.Name));

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lower) => Ascii.EqualsIgnoreCase(name, lower);

    public ref struct Enumerator
    {
        private readonly EndToEndFields _owner;
        private int _index = -1;

        internal Enumerator(EndToEndFields owner) => _owner = owner;

        public readonly Field Current => _owner._fields[_index];

        public bool MoveNext()
        {
            while (++_index < _owner._fields.Count)
                if (_owner.Passes(_owner._fields[_index])) return true;
            return false;
        }
    }
}
