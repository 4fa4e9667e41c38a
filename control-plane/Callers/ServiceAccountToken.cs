using System.Buffers.Text;
using System.Text.Json;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Callers;

/// <summary>What a service account's token says, before and after its review. A token never reaches a log or a message.</summary>
internal static class ServiceAccountToken
{
    /// <summary>Longest token that is reviewed, in characters; real ones have about 1,200.</summary>
    public const int MaxCharacters = 16 * 1024;

    private const string UserPrefix = "system:serviceaccount:", Group = "system:serviceaccounts";
    private const string PodName = "authentication.kubernetes.io/pod-name", PodUid = "authentication.kubernetes.io/pod-uid";

    /// <summary>The caller, or why not.</summary>
    /// <param name="audiences">The token must be for one of these.</param>
    public static (Caller? Caller, string? Refusal) Judge(TokenReviewStatus review, IReadOnlyList<string> audiences)
    {
        if (!review.Authenticated)
            return (null, "the API server does not accept the token; is it expired, of another cluster, or for another audience " +
                $"(wanted: {string.Join(", ", audiences)})?");
        // An API server that does not know audiences answers without any: then the token may be for somebody else.
        if (review.Audiences?.Any(audiences.Contains) != true)
            return (null, $"the token is for other audiences than {string.Join(", ", audiences)}; project one for them");
        if (review.User?.Groups?.Contains(Group) != true)
            return (null, $"the token's user is not in the group {Group}; use a service account's token");
        if (review.User.Username is not { } user || !user.StartsWith(UserPrefix, StringComparison.Ordinal) ||
            user[UserPrefix.Length..].Split(':') is not [{ Length: > 0 } ns, { Length: > 0 } account])
            return (null, "the token's user is no service account; use a service account's token");
        return (new Caller(ns, account, Extra(review.User, PodName), Extra(review.User, PodUid)), null);
    }

    /// <summary>When the token ends by its own word (<c>exp</c>); null if it does not say. Not verified: good for shortening a wait only.</summary>
    public static DateTimeOffset? EndOf(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3 || !Base64Url.IsValid(parts[1]))
            return null;
        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
            return claims.RootElement.ValueKind == JsonValueKind.Object && claims.RootElement.TryGetProperty("exp", out var exp) &&
                exp.TryGetInt64(out var seconds) && seconds is > 0 and < 253402300800 // year 10000
                ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Extra(TokenUser user, string key) =>
        user.Extra is not null && user.Extra.TryGetValue(key, out var values) && values is [{ Length: > 0 } only] ? only : null;
}
