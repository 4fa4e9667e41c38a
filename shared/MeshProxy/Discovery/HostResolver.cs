using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Ambient.MeshProxy.Discovery;

/// <summary>Resolves host names of workloads that have no address, by the node's own resolver. Thread-safe.</summary>
/// <remarks>Whoever asks while a name is looked up waits for the same answer: the runtime looks up a name once at a time, so a burst
/// would queue for longer than anybody waits.</remarks>
public sealed class HostResolver
{
    private const int MaxEntries = 4096;
    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(30); // the system's resolver does not tell a record's own time
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _lookUp;
    private readonly Lock _beginning = new();
    private readonly ConcurrentDictionary<string, Answer> _answers = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="random">Picks one of several addresses.</param>
    public HostResolver(TimeProvider time, bool ipv6, Random random) : this(time, random, (host, patience) =>
        System.Net.Dns.GetHostAddressesAsync(host, ipv6 ? AddressFamily.Unspecified : AddressFamily.InterNetwork, patience))
    {
    }

    internal HostResolver(TimeProvider time, Random random, Func<string, CancellationToken, Task<IPAddress[]>> lookUp) =>
        (_time, _random, _lookUp) = (time, random, lookUp);

    /// <summary>One address, of <paramref name="preferred"/> family if there is one; null if the name has none or nobody answers in 5 s.</summary>
    public async ValueTask<IPAddress?> ResolveAsync(string host, AddressFamily preferred)
    {
        var answer = Find(host) ?? Begin(host);
        var addresses = await answer.Addresses;
        if (addresses.Length == 0)
        {
            _answers.TryRemove(new(host, answer)); // only what was found is kept
            return null;
        }
        var fitting = addresses.Where(address => address.AddressFamily == preferred).ToArray();
        return Pick(fitting.Length > 0 ? fitting : addresses);
    }

    private Answer? Find(string host) =>
        _answers.TryGetValue(host, out var answer) && _time.GetElapsedTime(answer.At) <= Keep ? answer : null;

    private Answer Begin(string host)
    {
        lock (_beginning)
        {
            if (Find(host) is { } begun) return begun;
            if (_answers.Count >= MaxEntries) _answers.Clear();
            return _answers[host] = new(LookUpAsync(host), _time.GetTimestamp());
        }
    }

    private async Task<IPAddress[]> LookUpAsync(string host)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience, _time);
            return await _lookUp(host, patience.Token).ConfigureAwait(false); // on no loop: others wait for it too
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ArgumentException)
        {
            return [];
        }
    }

    private IPAddress Pick(IPAddress[] addresses)
    {
        lock (_random) return addresses[_random.Next(addresses.Length)];
    }

    private sealed record Answer(Task<IPAddress[]> Addresses, long At);
}
