using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Unicode;
using Ambient.Http1.Heads;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Filters;

/// <summary>A header with operators in its value, prepared. Immutable; any thread.</summary>
internal sealed class FormattedField(string name, IEnumerable<FieldPart> parts)
{
    /// <summary>Of a value; a longer one is left out, since half of it would look like a whole one.</summary>
    public const int MostBytes = 8192;

    private readonly (FieldPart Part, byte[] Text, byte[] Else)[] _parts = [.. parts.Select(static part => (part, Encoding.UTF8.GetBytes(part.Text), Encoding.UTF8.GetBytes(part.Else)))];

    public byte[] Name { get; } = Encoding.ASCII.GetBytes(name);

    /// <param name="status">Of the response; 0 while there is none.</param>
    /// <param name="response">Null while there is none, and for an answer of ours.</param>
    /// <param name="room">Of <see cref="MostBytes"/>.</param>
    /// <returns>The value; empty if there is none, and nothing is to be written.</returns>
    public ReadOnlySpan<byte> Format(FieldFacts facts, int status, ResponseHead? response, Span<byte> room)
    {
        var length = 0;
        foreach (var (part, text, other) in _parts)
        {
            if (!TryWrite(part, text, other, facts, status, response, room[length..], out var written)) return default;
            length += written;
        }

        return room[..length];
    }

    private static bool TryWrite(FieldPart part, byte[] text, byte[] other, FieldFacts facts, int status, ResponseHead? response, Span<byte> room, out int written)
    {
        switch (part.Operator)
        {
            case FieldOperator.Text: return TryCopy(text, room, out written);
            case FieldOperator.RequestField: return TryCopy(Cut(Of(facts, text) is { IsEmpty: false } value ? value : Of(facts, other), part.MostBytes), room, out written);
            case FieldOperator.ResponseField: return TryCopy(Cut(Of(response, text) is { IsEmpty: false } told ? told : Of(response, other), part.MostBytes), room, out written);
            case FieldOperator.ResponseCode: return TryNumber(status, room, out written);
            case FieldOperator.Protocol: return TryCopy(ProtocolOf(facts.Request.Version), room, out written);
            case FieldOperator.ClientAddress: return facts.Client.Address.TryFormat(room, out written);
            case FieldOperator.ClientAddressAndPort: return TryEndpoint(facts.Client, room, out written);
            case FieldOperator.PeerAddress: return facts.Peer.Address.TryFormat(room, out written);
            case FieldOperator.PeerAddressAndPort: return TryEndpoint(facts.Peer, room, out written);
            case FieldOperator.LocalAddress: return facts.Local.Address.TryFormat(room, out written);
            case FieldOperator.LocalAddressAndPort: return TryEndpoint(facts.Local, room, out written);
            case FieldOperator.LocalPort: return TryNumber(facts.Local.Port, room, out written);
            case FieldOperator.ClientIdentity: return Encoding.UTF8.TryGetBytes(facts.ClientIdentity, room, out written);
            case FieldOperator.OwnIdentity: return Encoding.UTF8.TryGetBytes(facts.OwnIdentity, room, out written);
            case FieldOperator.HostName: return Encoding.UTF8.TryGetBytes(facts.HostName, room, out written);
            case FieldOperator.RouteName: return Encoding.UTF8.TryGetBytes(facts.RouteName, room, out written);
            case FieldOperator.StartTime: return facts.Began.UtcDateTime.TryFormat(room, out written, part.Text, CultureInfo.InvariantCulture);
            case FieldOperator.StartSeconds: return TryNumber(facts.Began.ToUnixTimeSeconds(), room, out written);
            default: return TryFraction(facts.Began, text[0] - '0', room, out written);
        }
    }

    private static ReadOnlySpan<byte> Of(FieldFacts facts, ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty) return default;
        if (name[0] != ':') return facts.Request.Fields.TryGet(name, out var value) ? value : default;
        return name[1] switch
        {
            (byte)'m' => facts.Request.Method,
            (byte)'p' => facts.Request.PathAndQuery,
            (byte)'a' => facts.Request.Authority,
            _ => facts.Scheme,
        };
    }

    private static ReadOnlySpan<byte> Of(ResponseHead? response, ReadOnlySpan<byte> name) =>
        !name.IsEmpty && response?.Fields.TryGet(name, out var value) == true ? value : default;

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> value, int mostBytes) => mostBytes > 0 && value.Length > mostBytes ? value[..mostBytes] : value;

    private static ReadOnlySpan<byte> ProtocolOf(Http1.HttpVersion version) => version switch
    {
        Http1.HttpVersion.Http10 => "HTTP/1.0"u8,
        Http1.HttpVersion.Http11 => "HTTP/1.1"u8,
        _ => "HTTP/2"u8,
    };

    private static bool TryCopy(ReadOnlySpan<byte> value, Span<byte> room, out int written)
    {
        written = value.TryCopyTo(room) ? value.Length : 0;
        return value.Length <= room.Length;
    }

    private static bool TryNumber(long number, Span<byte> room, out int written) => number.TryFormat(room, out written, default, CultureInfo.InvariantCulture);

    private static bool TryEndpoint(IPEndPoint endpoint, Span<byte> room, out int written) => endpoint.AddressFamily == AddressFamily.InterNetworkV6
        ? Utf8.TryWrite(room, CultureInfo.InvariantCulture, $"[{endpoint.Address}]:{endpoint.Port}", out written)
        : Utf8.TryWrite(room, CultureInfo.InvariantCulture, $"{endpoint.Address}:{endpoint.Port}", out written);

    private static bool TryFraction(DateTimeOffset time, int digits, Span<byte> room, out int written)
    {
        written = 0;
        if (digits > room.Length) return false;
        var nanoseconds = time.Ticks % TimeSpan.TicksPerSecond * 100;
        for (var divisor = 100_000_000; written < digits; divisor /= 10) room[written++] = (byte)('0' + nanoseconds / divisor % 10);
        return true;
    }
}
