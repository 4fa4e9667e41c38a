using System.Net;

namespace Ambient.Hbone.Headers;

/// <summary>The <c>forwarded</c> header of CONNECT (RFC 7239): the client's address and the service it dialled.</summary>
public static class Forwarded
{
    /// <param name="client">Address and port of the connecting application.</param>
    /// <param name="serviceHost">Hostname of the dialled service, or null when a workload was dialled.</param>
    public static string Format(IPEndPoint client, string? serviceHost) =>
        serviceHost is null ? $"for=\"{client}\"" : $"for=\"{client}\";host={serviceHost}";

    /// <summary>The first <c>host=</c> parameter without quotes; null when absent, empty or not ASCII.</summary>
    public static string? ParseHost(string header)
    {
        if (!System.Text.Ascii.IsValid(header)) return null;
        foreach (var range in header.AsSpan().SplitAny(';', ','))
        {
            var parameter = header.AsSpan()[range].Trim();
            if (!parameter.StartsWith("host=", StringComparison.OrdinalIgnoreCase)) continue;
            var host = parameter["host=".Length..].Trim('"');
            return host.IsEmpty ? null : host.ToString();
        }
        return null;
    }
}
