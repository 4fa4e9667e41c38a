namespace Ambient.Model.Routes;

/// <summary>Which pages of other origins may use a route (WHATWG Fetch, CORS protocol).</summary>
public sealed record CorsPolicy
{
    /// <summary>Of which one must match the Origin.</summary>
    public EquatableArray<TextMatch> Origins { get; init; }

    /// <summary><c>*</c> for any.</summary>
    public EquatableArray<string> Methods { get; init; }

    /// <summary><c>*</c> for any; lower case.</summary>
    public EquatableArray<string> Headers { get; init; }

    /// <summary><c>*</c> for all.</summary>
    public EquatableArray<string> Exposed { get; init; }

    /// <summary>How long a browser may remember the answer; zero says nothing of it.</summary>
    public TimeSpan MaxAge { get; init; }

    public bool Credentials { get; init; }

    /// <summary>A preflight of an origin that does not match goes to the backend; else it is answered without a permission.</summary>
    public bool ForwardsUnmatchedPreflights { get; init; }
}
