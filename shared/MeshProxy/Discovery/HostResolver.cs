using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Ambient.MeshProxy.Discovery;

/// <summary>Resolves host names of workloads that have no address, by the node's own resolver. Thread-safe.</summary>
/// <param name="random">Picks one of several addresses.</param>
public sealed class HostResolver(TimeProvider time, bool ipv6, Random random)
{
    private const int MaxEntries = 4096;
    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(30); // the system's resolver does not tell a record's own time
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Answer> _answers = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>One address, of <paramref name="preferred"/> family if there is one; null if the name has none or nobody answers in 5 s.</summary>
    public async ValueTask<IPAddress?> ResolveAsync(string host, AddressFamily preferred)
    {
        if (!_answers.TryGetValue(host, out var answer) || time.GetElapsedTime(answer.At) > Keep)
        {
            if (await LookUpAsync(host) is not { Length: > 0 } found) return null;
            answer = new(found, time.GetTimestamp());
            if (_answers.Count >= MaxEntries) _answers.Clear();
            _answers[host] = answer;
        }
        var fitting = answer.Addresses.Where(address => address.AddressFamily == preferred).ToArray();
        return Pick(fitting.Length > 0 ? fitting : answer.Addresses);
    }

    private async Task<IPAddress[]> LookUpAsync(string host)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience, time);
            return await System.Net.Dns.GetHostAddressesAsync(host, ipv6 ? AddressFamily.Unspecified : AddressFamily.InterNetwork, patience.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ArgumentException)
        {
            return [];
        }
    }

    private IPAddress Pick(IPAddress[] addresses)
    {
        lock (random) return addresses[random.Next(addresses.Length)];
    }

    private sealed record Answer(IPAddress[] Addresses, long At);
}
