using System.Net;
using Ambient.Grpc;
using Ambient.Kubernetes.Client;

namespace Ambient.ControlPlane.Callers;

/// <summary>
/// Callers by their service account token, as the API server judges it. An answer is kept for a short while and never
/// longer than the token lives, a refusal for a moment; the same token is reviewed once however many calls bring it. Tokens are kept as hashes only.
/// </summary>
internal sealed class TokenAuthenticator(ApiClient api, CallerOptions options, TimeProvider time)
{
    // The API server may learn of a service account a little later than its pod asks.
    private static readonly TimeSpan RefusalKept = TimeSpan.FromSeconds(1);

    private readonly ReviewedTokens _reviewed = new(options.MaxKeptTokens, time);
    private readonly Lock _lock = new();
    private readonly Dictionary<TokenHash, Task<(Caller? Caller, string? Refusal)>> _running = [];
    private readonly Dictionary<IPAddress, int> _runningOf = []; // whoever sends ever new bad tokens must not keep others waiting
    private readonly SemaphoreSlim _atOnce = new(options.MaxReviewsAtOnce);

    /// <summary>Who the token belongs to.</summary>
    /// <param name="peer">Where the token comes from; null where the transport has no addresses.</param>
    /// <exception cref="UnauthenticatedException">It is not accepted; the message says why.</exception>
    /// <exception cref="RpcException">ResourceExhausted: too many other tokens of that peer are being reviewed.</exception>
    /// <exception cref="ApiException">The API server could not be asked: says nothing about the token.</exception>
    public async ValueTask<Caller> AuthenticateAsync(string token, IPAddress? peer, CancellationToken stop)
    {
        if (token.Length is 0 or > ServiceAccountToken.MaxCharacters)
            throw new UnauthenticatedException($"the bearer token has {token.Length} characters; expected are 1 to {ServiceAccountToken.MaxCharacters}");
        var hash = TokenHash.Of(token);
        if (_reviewed.TryGet(hash, out var known))
            return known;
        if (_reviewed.IsRefused(hash, out var why))
            throw new UnauthenticatedException(why);
        var (caller, refusal) = await ReviewOnceAsync(hash, token, peer ?? IPAddress.None).WaitAsync(stop);
        return caller ?? throw new UnauthenticatedException(refusal!);
    }

    private Task<(Caller?, string?)> ReviewOnceAsync(TokenHash hash, string token, IPAddress peer)
    {
        lock (_lock)
        {
            if (_running.TryGetValue(hash, out var running))
                return running;
            Count(peer);
            var started = Task.Run(() => ReviewAsync(hash, token, peer), CancellationToken.None);
            _running[hash] = started;
            return started;
        }
    }

    // Not ended by the caller who came first: others wait for the same answer. The API client has limits of its own.
    private async Task<(Caller?, string?)> ReviewAsync(TokenHash hash, string token, IPAddress peer)
    {
        await _atOnce.WaitAsync(CancellationToken.None);
        try
        {
            var now = time.GetUtcNow();
            var (caller, refusal) = ServiceAccountToken.Judge(
                await api.ReviewTokenAsync(token, options.Audiences, CancellationToken.None), options.Audiences);
            if (caller is not null)
            {
                var kept = now + options.TokenKept;
                var end = ServiceAccountToken.EndOf(token) ?? kept;
                _reviewed.Keep(hash, caller, end < kept ? end : kept);
            }
            else _reviewed.Refuse(hash, refusal!, time.GetUtcNow() + RefusalKept);
            return (caller, refusal);
        }
        finally
        {
            _atOnce.Release();
            lock (_lock)
            {
                _running.Remove(hash);
                Uncount(peer);
            }
        }
    }

    private void Count(IPAddress peer)
    {
        var others = _runningOf.GetValueOrDefault(peer);
        if (others >= options.MaxReviewsPerPeer)
            throw new RpcException(StatusCode.ResourceExhausted, $"{others} other tokens from {peer} are being reviewed, which is all that may at once; try again.");
        _runningOf[peer] = others + 1;
    }

    private void Uncount(IPAddress peer)
    {
        if (--_runningOf[peer] == 0)
            _runningOf.Remove(peer);
    }
}

/// <summary>Nobody knows who calls. The message is meant for the caller and holds no token.</summary>
internal sealed class UnauthenticatedException(string message) : Exception(message);
