using System.Globalization;
using Ambient.Kubernetes.Resources;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.Routes;

/// <summary>Limits of rates, which neither Gateway API nor VirtualService has: annotations of the route's object, for all of its rules. Pure.</summary>
internal static class RateLimits
{
    private const uint Most = 10_000_000;
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(50);

    /// <returns>Null if the object asks for none.</returns>
    /// <exception cref="UnusablePartException">Not of the form <c>100/1s</c>.</exception>
    public static RateLimit? Of(ObjectMeta meta)
    {
        var perClient = meta.Annotation(MeshAnnotations.RateLimitPerClient);
        if (perClient is not (null or "true" or "false")) throw Wrong(MeshAnnotations.RateLimitPerClient, perClient, "true or false");
        if (meta.Annotation(MeshAnnotations.RateLimit) is not { } text) return null;
        if (text.Split('/') is not [var count, var time] || !uint.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) || tokens is 0 or > Most)
            throw Wrong(MeshAnnotations.RateLimit, text, $"requests/time, such as 100/1s, with 1 to {Most} requests");
        var interval = Durations.OfIstio(time);
        if (interval < Least) throw Wrong(MeshAnnotations.RateLimit, text, "requests/time, with a time of at least 50ms");
        return new(tokens, tokens, interval, perClient == "true");
    }

    private static UnusablePartException Wrong(string annotation, string text, string allowed) => new($"The annotation {annotation} is {Findings.Quote(text)}; it must be {allowed}.");
}
