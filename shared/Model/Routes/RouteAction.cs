using Ambient.Model.Workloads;

namespace Ambient.Model.Routes;

/// <summary>What is done with a request, in this order: fault, CORS, redirect or direct answer, edits, one of the backends. Immutable, equal by content.</summary>
public sealed record RouteAction
{
    public static readonly RouteAction Default = new();

    public Fault? Fault { get; init; }

    public CorsPolicy? Cors { get; init; }

    public RateLimit? RateLimit { get; init; }

    /// <summary>Answers instead of a backend.</summary>
    public Redirect? Redirect { get; init; }

    /// <summary>Answers instead of a backend.</summary>
    public DirectResponse? Direct { get; init; }

    public HeaderEdits RequestEdits { get; init; } = HeaderEdits.None;

    public HeaderEdits ResponseEdits { get; init; } = HeaderEdits.None;

    public Rewrite? Rewrite { get; init; }

    public EquatableArray<Mirror> Mirrors { get; init; }

    /// <summary>The whole exchange, all attempts together; zero for no limit.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>Null: <see cref="RetryPolicy.Default"/>.</summary>
    public RetryPolicy? Retries { get; init; }

    /// <summary>One is drawn by weight. None, or only weights of zero, and no answer above: 500.</summary>
    public EquatableArray<RouteBackend> Backends { get; init; }
}

/// <summary>A place that requests may go to.</summary>
public sealed record RouteBackend
{
    public required ServiceKey Service { get; init; }

    /// <summary>Of the service; 0: the one that the client dialled.</summary>
    public ushort Port { get; init; }

    /// <summary>Of the service's <see cref="Traffic.DestinationPolicy"/>; empty for all of its endpoints.</summary>
    public string Subset { get; init; } = "";

    /// <summary>0 to 1,000,000: its share of the sum.</summary>
    public uint Weight { get; init; } = 1;

    public HeaderEdits RequestEdits { get; init; } = HeaderEdits.None;

    public HeaderEdits ResponseEdits { get; init; } = HeaderEdits.None;

    /// <summary>Takes the place of the rule's.</summary>
    public Rewrite? Rewrite { get; init; }

    /// <summary>Answers instead of it.</summary>
    public Redirect? Redirect { get; init; }

    /// <summary>Its share is answered with <see cref="InvalidStatus"/>, and this is why; empty for a sound one.</summary>
    public string Invalid { get; init; } = "";

    /// <summary>500 for Gateway API, 503 for a virtual service.</summary>
    public ushort InvalidStatus { get; init; } = 500;
}

/// <summary>A copy of the request to another place, of which the answer is thrown away.</summary>
/// <param name="Percent">0 to 100.</param>
public sealed record Mirror(RouteBackend Backend, double Percent);
