using Ambient.HttpProxy.Filters;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Routing;

/// <summary>What is the same for all requests that go one way: how patient and persistent they are, and how their heads are changed. Immutable.</summary>
public sealed record RoutePlan
{
    public static readonly RoutePlan Default = new();

    /// <summary>For logs.</summary>
    public string Name { get; init; } = "";

    /// <summary>From the request's head to the end of the response, all attempts together; zero for none.</summary>
    public TimeSpan Timeout { get; init; }

    public RetryPolicy Retries { get; init; } = RetryPolicy.Default;

    public FieldEdits RequestEdits { get; init; } = FieldEdits.None;

    public FieldEdits ResponseEdits { get; init; } = FieldEdits.None;

    /// <summary>Its edits need <see cref="RouteDecision.Facts"/>.</summary>
    public bool HasOperators => RequestEdits.Formatted.Length + ResponseEdits.Formatted.Length > 0;
}
