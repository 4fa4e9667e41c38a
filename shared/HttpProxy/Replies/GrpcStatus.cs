using System.Buffers.Text;
using System.Text;
using Ambient.Http1;
using Ambient.Http1.Heads;

namespace Ambient.HttpProxy.Replies;

/// <summary>How an answer of ours looks to a gRPC client: always 200, with the error as a field ("HTTP to gRPC Status Code Mapping" of gRPC).</summary>
internal static class GrpcStatus
{
    /// <summary>Time is over, on whichever side.</summary>
    public const int DeadlineExceeded = 4;

    /// <summary>Worth another attempt, elsewhere or later.</summary>
    public const int Unavailable = 14;

    /// <summary>What a call ends with that is not over when the proxy is. Never changes.</summary>
    public static FieldSection GoingAway { get; } = Trailers(Unavailable, "The proxy goes away; call again.");

    public static bool IsGrpc(FieldSection fields) =>
        fields.TryGet("content-type"u8, out var type) && type.Length >= 16 && Ascii.EqualsIgnoreCase(type[..16], "application/grpc"u8)
        && (type.Length == 16 || type[16] is (byte)'+' or (byte)';');

    public static int Of(int status) => status switch
    {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 or 502 or 503 or 504 => 14,
        _ => 2,
    };

    /// <summary>The status of HTTP that says the same of the server, for who counts failures; the mapping is Envoy's.</summary>
    public static int ToHttp(int grpcStatus) => grpcStatus switch
    {
        0 => 200,
        1 => 499,
        3 or 9 or 11 => 400,
        4 => 504,
        5 => 404,
        6 or 10 => 409,
        7 => 403,
        8 => 429,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    };

    private static FieldSection Trailers(int status, string message)
    {
        var trailers = new TrailersBuilder(Http1Limits.Default);
        trailers.AddTrailer("grpc-status"u8, Encoding.ASCII.GetBytes($"{status}"), neverIndexed: false);
        trailers.AddTrailer("grpc-message"u8, Encode(message), neverIndexed: false);
        return trailers.Trailers;
    }

    /// <summary>Percent-encodes what gRPC does not allow in <c>grpc-message</c>: everything but printable ASCII, and the percent sign.</summary>
    public static byte[] Encode(string message)
    {
        var encoded = new List<byte>(message.Length);
        foreach (var value in Encoding.UTF8.GetBytes(message))
            if (value is >= 0x20 and <= 0x7E and not (byte)'%') encoded.Add(value);
            else encoded.AddRange(Percent(value));
        return [.. encoded];
    }

    private static byte[] Percent(byte value)
    {
        var text = new byte[3];
        text[0] = (byte)'%';
        Utf8Formatter.TryFormat(value, text.AsSpan(1), out _, new('X', 2));
        return text;
    }
}
