using System.Globalization;

namespace Ambient.Model.Routes;

/// <summary>When and how often a request is tried again. Immutable; shared by all requests of a route.</summary>
public sealed record RetryPolicy
{
    public const int MaxAttempts = 100, MaxCodes = 64;

    private const RetryOn AnyGrpc =
        RetryOn.GrpcCancelled | RetryOn.GrpcDeadlineExceeded | RetryOn.GrpcResourceExhausted | RetryOn.GrpcInternal | RetryOn.GrpcUnavailable;

    private const int UsualUnsent = 4;

    public static readonly RetryPolicy None = new() { Attempts = 0, On = RetryOn.None };

    /// <summary>What every route has that says nothing: two more attempts where the server cannot have begun, or says so itself.</summary>
    public static readonly RetryPolicy Default = new()
    {
        Attempts = 2,
        On = RetryOn.ConnectFailure | RetryOn.RefusedStream | RetryOn.GrpcUnavailable | RetryOn.GrpcCancelled | RetryOn.StatusCodes,
    };

    /// <summary>Retries, so one less than the attempts in all.</summary>
    public int Attempts { get; init; }

    /// <summary>Where nothing was sent, because no connection was had: more than <see cref="Attempts"/>, unless fewer than usual are asked for. No server is asked twice by these.</summary>
    public int AttemptsUnsent => Attempts < Default.Attempts ? Attempts : Math.Max(Attempts, UsualUnsent);

    public RetryOn On { get; init; }

    /// <summary>For <see cref="RetryOn.StatusCodes"/>: 400 to 599.</summary>
    public EquatableArray<int> Codes { get; init; } = [];

    /// <summary>For each attempt, from its request to the end of the response's head; zero for none.</summary>
    public TimeSpan PerTryTimeout { get; init; }

    /// <summary>The first pause is somewhere up to this, the next up to thrice this, and so on to ten times this.</summary>
    public TimeSpan BackoffBase { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Each pause is longer by this.</summary>
    public TimeSpan BackoffLeast { get; init; }

    /// <summary>Reads the words of <c>retryOn</c>, separated by commas; numbers among them are status codes.</summary>
    /// <exception cref="FormatException">A word that means nothing, or too many codes.</exception>
    public static (RetryOn On, EquatableArray<int> Codes) Parse(string retryOn)
    {
        var (on, codes) = (RetryOn.None, new List<int>());
        foreach (var word in retryOn.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code is >= 400 and < 600) codes.Add(code);
            else on |= WordOf(word);
        }

        if (codes.Count > MaxCodes) throw new FormatException($"retryOn lists {codes.Count} status codes; at most {MaxCodes} are taken.");
        return (codes.Count > 0 ? on | RetryOn.StatusCodes : on, codes.ToEquatableArray());
    }

    /// <summary>An attempt that got no answer.</summary>
    /// <param name="sent">False if there was no connection to send anything on.</param>
    /// <param name="refused">The server said that it did not begin.</param>
    public bool CoversNoAnswer(bool sent, bool refused) =>
        Has(RetryOn.FiveXx) || (sent && Has(RetryOn.Reset)) || (!sent && Has(RetryOn.ConnectFailure)) || (refused && Has(RetryOn.RefusedStream));

    /// <summary>It covers what can happen once the request's body is on its way, so the body is worth keeping.</summary>
    /// <param name="refusals">The servers may speak HTTP/2 and refuse a stream.</param>
    public bool NeedsBody(bool isGrpc, bool refusals) => Attempts > 0
        && (Has(RetryOn.FiveXx | RetryOn.GatewayError | RetryOn.Reset | RetryOn.Retriable4xx) || (Has(RetryOn.StatusCodes) && Codes.Count > 0)
            || (refusals && Has(RetryOn.RefusedStream)) || (isGrpc && Has(AnyGrpc)));

    /// <param name="grpcStatus">In the head of the response; -1 if there is none.</param>
    public bool CoversAnswer(int status, int grpcStatus) =>
        (status >= 500 && Has(RetryOn.FiveXx))
        || (status is 502 or 503 or 504 && Has(RetryOn.GatewayError))
        || (status == 409 && Has(RetryOn.Retriable4xx))
        || (Has(RetryOn.StatusCodes) && Codes.AsSpan().Contains(status))
        || Has(GrpcFlagOf(grpcStatus));

    /// <summary>The pause before a retry: full jitter under an exponential bound, so that many who failed together do not come back together.</summary>
    /// <param name="retry">1 for the first.</param>
    public TimeSpan Backoff(int retry, Random random) =>
        BackoffLeast + BackoffBase * Math.Min(10, Math.Pow(2, Math.Min(retry, MaxAttempts)) - 1) * random.NextDouble();

    private bool Has(RetryOn any) => (On & any) != 0;

    private static RetryOn WordOf(string word) => word switch
    {
        "5xx" => RetryOn.FiveXx,
        "gateway-error" => RetryOn.GatewayError,
        "reset" => RetryOn.Reset,
        "connect-failure" or "reset-before-request" => RetryOn.ConnectFailure, // nothing was sent
        "refused-stream" => RetryOn.RefusedStream,
        "retriable-4xx" => RetryOn.Retriable4xx,
        "retriable-status-codes" => RetryOn.StatusCodes,
        "cancelled" => RetryOn.GrpcCancelled,
        "deadline-exceeded" => RetryOn.GrpcDeadlineExceeded,
        "resource-exhausted" => RetryOn.GrpcResourceExhausted,
        "internal" => RetryOn.GrpcInternal,
        "unavailable" => RetryOn.GrpcUnavailable,
        _ => throw new FormatException($"retryOn has '{word}', which is neither a condition that is known here nor a status code of 400 to 599."),
    };

    private static RetryOn GrpcFlagOf(int status) => status switch
    {
        1 => RetryOn.GrpcCancelled,
        4 => RetryOn.GrpcDeadlineExceeded,
        8 => RetryOn.GrpcResourceExhausted,
        13 => RetryOn.GrpcInternal,
        14 => RetryOn.GrpcUnavailable,
        _ => RetryOn.None,
    };
}
