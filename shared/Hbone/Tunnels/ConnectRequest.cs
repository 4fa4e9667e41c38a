using System.Globalization;
using System.Text;
using Ambient.Http2;

namespace Ambient.Hbone.Tunnels;

/// <summary>A CONNECT: where to, and what the client side tells about itself. Only <c>:method</c> and <c>:authority</c> decide anything.</summary>
/// <param name="Authority">What was asked for, as sent.</param>
public sealed record ConnectRequest(string Authority)
{
    /// <summary>The <c>baggage</c> header (see <see cref="Headers.Baggage"/>); null for none. Repeated headers are joined by commas.</summary>
    public string? Baggage { get; init; }

    /// <summary>The first <c>forwarded</c> header (see <see cref="Headers.Forwarded"/>).</summary>
    public string? Forwarded { get; init; }

    public string? TraceParent { get; init; }

    /// <summary>The client's network, on the inner CONNECT of a double tunnel only; may be empty, null when absent.</summary>
    public string? ForwardedNetwork { get; init; }

    /// <summary>On the way through a gateway of another network: what kind of proxy asks, if it is no node proxy; <c>waypoint</c> is not sent through waypoints again.</summary>
    public string? Source { get; init; }

    internal void WriteTo(HeaderList headers)
    {
        headers.Add(":method"u8, "CONNECT"u8);
        headers.Add(":authority"u8, Authority);
        if (Baggage is { Length: > 0 }) headers.Add("baggage"u8, Baggage);
        if (Forwarded is not null) headers.Add("forwarded"u8, Forwarded);
        if (TraceParent is not null) headers.Add("traceparent"u8, TraceParent);
        if (ForwardedNetwork is not null) headers.Add("x-forwarded-network"u8, ForwardedNetwork);
        if (Source is not null) headers.Add("x-istio-source"u8, Source);
    }

    /// <summary>Null when the method is not CONNECT or there is no authority.</summary>
    internal static ConnectRequest? TryRead(HeaderList headers)
    {
        if (!headers.Method.SequenceEqual("CONNECT"u8) || headers.Authority.IsEmpty) return null;
        return new(Text(headers.Authority))
        {
            Baggage = JoinBaggage(headers),
            Forwarded = headers.TryFind("forwarded"u8, out var forwarded) ? Text(forwarded) : null,
            TraceParent = headers.TryFind("traceparent"u8, out var trace) ? Text(trace) : null,
            ForwardedNetwork = headers.TryFind("x-forwarded-network"u8, out var network) ? Text(network) : null,
            Source = headers.TryFind("x-istio-source"u8, out var source) ? Text(source) : null,
        };
    }

    internal static string? JoinBaggage(HeaderList headers)
    {
        string? joined = null;
        for (var i = 0; i < headers.Count; i++)
            if (headers[i].Name.SequenceEqual("baggage"u8))
                joined = joined is null ? Text(headers[i].Value) : $"{joined},{Text(headers[i].Value)}";
        return joined;
    }

    private static string Text(ReadOnlySpan<byte> octets) => Encoding.Latin1.GetString(octets);
}

/// <summary>The answer to a CONNECT: 200 opens the byte stream, everything else ends it.</summary>
public sealed record ConnectAnswer(int Status, string? Baggage = null)
{
    public static readonly ConnectAnswer BadRequest = new(400), Unauthorized = new(401), Unavailable = new(503);

    internal void WriteTo(HeaderList headers)
    {
        headers.Add(":status"u8, Status.ToString(CultureInfo.InvariantCulture));
        if (Baggage is { Length: > 0 }) headers.Add("baggage"u8, Baggage);
    }

    internal static ConnectAnswer Read(HeaderList headers) => new(headers.Status, ConnectRequest.JoinBaggage(headers));
}
