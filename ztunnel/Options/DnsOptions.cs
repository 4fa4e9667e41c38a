using System.Globalization;
using System.Net;

namespace Ambient.Ztunnel.Options;

/// <summary>The DNS proxy in each pod.</summary>
internal sealed record DnsOptions
{
    public const int DefaultPort = 15053;

    /// <summary>ISTIO_META_DNS_CAPTURE. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>ISTIO_META_DNS_PROXY_ADDR as an address; null for its default form <c>localhost:PORT</c>: loopback of every enabled family.</summary>
    public IPAddress? ListenAddress { get; init; }

    /// <summary>Its port. Default 15053.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>PREFERED_SERVICE_NAMESPACE (spelled so): decides between services of one host name. Default null.</summary>
    public string? PreferredNamespace { get; init; }

    public static DnsOptions Read(SettingsReader settings, NodeOptions node)
    {
        var (address, port) = ReadAddress(settings, node.Metadata.GetValueOrDefault("DNS_PROXY_ADDR"));
        return new()
        {
            Enabled = ReadEnabled(settings, node.Metadata.GetValueOrDefault("DNS_CAPTURE")),
            ListenAddress = address,
            Port = port,
            PreferredNamespace = settings.Text("PREFERED_SERVICE_NAMESPACE"),
        };
    }

    private static bool ReadEnabled(SettingsReader settings, string? text)
    {
        if (text is not (null or "" or "true" or "false"))
            settings.Mistake("ISTIO_META_DNS_CAPTURE", text, "allowed are true and false");
        return text != "false";
    }

    private static (IPAddress? Address, int Port) ReadAddress(SettingsReader settings, string? text)
    {
        if (text is null or "") return (null, DefaultPort);
        if (text.StartsWith("localhost:", StringComparison.Ordinal)
            && ushort.TryParse(text.AsSpan("localhost:".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0)
            return (null, port);
        if (IPEndPoint.TryParse(text, out var endPoint) && endPoint.Port > 0) return (endPoint.Address, endPoint.Port);

        settings.Mistake("ISTIO_META_DNS_PROXY_ADDR", text, "allowed are localhost:port and address:port, such as localhost:15053");
        return (null, DefaultPort);
    }
}
