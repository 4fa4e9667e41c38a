using System.Globalization;
using System.Net;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>Where to ask and how, as in resolv.conf(5).</summary>
/// <param name="Upstreams">In order; empty if none is configured: every query then fails with that reason.</param>
/// <param name="Search">Lower case, without a trailing dot.</param>
/// <param name="Timeout">How long one upstream is waited for before the next is asked as well; 1 to 30 s.</param>
/// <param name="Attempts">How often the whole list is tried; 1 to 5.</param>
/// <param name="Rotate">Start each query at the next upstream instead of always at the first.</param>
internal sealed record ResolverConfiguration(
    IReadOnlyList<IPEndPoint> Upstreams, IReadOnlyList<string> Search, TimeSpan Timeout, int Attempts, bool Rotate)
{
    public const string DefaultPath = "/etc/resolv.conf";

    /// <summary>Most upstreams and search domains that are taken, in the order of the file; the rest is ignored.</summary>
    public const int MaxUpstreams = 3, MaxSearch = 32;

    private const int DnsPort = 53, MaxTimeoutSeconds = 30, MaxAttempts = 5, MaxFileBytes = 64 * 1024;

    public static readonly ResolverConfiguration Empty = new([], [], TimeSpan.FromSeconds(5), Attempts: 2, Rotate: false);

    /// <exception cref="IOException">The file cannot be read, or is larger than 64 KiB.</exception>
    public static ResolverConfiguration Read(string path)
    {
        var file = new FileInfo(path);
        return file.Length <= MaxFileBytes
            ? Parse(File.ReadAllText(path))
            : throw new IOException($"{path} has {file.Length} bytes; a resolver configuration of up to {MaxFileBytes} is read.");
    }

    /// <summary>Never fails: like the C library, it skips what it does not understand.</summary>
    public static ResolverConfiguration Parse(string text)
    {
        var (upstreams, search, result) = (new List<IPEndPoint>(), new List<string>(), Empty);
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith('#') || line.StartsWith(';'))
                continue;
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words is [])
                continue;
            switch (words[0])
            {
                case "nameserver" when words.Length > 1 && upstreams.Count < MaxUpstreams && IPAddress.TryParse(words[1], out var address):
                    upstreams.Add(new(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, DnsPort));
                    break;
                case "search" or "domain": // the last one counts
                    search = [.. words.Skip(1).Take(MaxSearch).Select(DomainOf).Where(domain => domain.Length > 0)];
                    break;
                case "options":
                    result = words.Skip(1).Aggregate(result, WithOption);
                    break;
            }
        }
        return result with { Upstreams = upstreams, Search = search };
    }

    private static ResolverConfiguration WithOption(ResolverConfiguration configuration, string option) => option switch
    {
        "rotate" => configuration with { Rotate = true },
        _ when TryReadNumber(option, "timeout:", out var seconds) =>
            configuration with { Timeout = TimeSpan.FromSeconds(Math.Clamp(seconds, 1, MaxTimeoutSeconds)) },
        _ when TryReadNumber(option, "attempts:", out var attempts) =>
            configuration with { Attempts = Math.Clamp(attempts, 1, MaxAttempts) },
        _ => configuration,
    };

    private static bool TryReadNumber(string option, string prefix, out int number)
    {
        number = 0;
        return option.StartsWith(prefix, StringComparison.Ordinal)
            && int.TryParse(option.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static string DomainOf(string word) => word.TrimEnd('.').ToLowerInvariant();
}
