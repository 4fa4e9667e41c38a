using System.Text.Json;

namespace Ambient.Kubernetes.Client;

/// <summary>What the API says about somebody's token.</summary>
/// <param name="Username">For a service account <c>system:serviceaccount:namespace:name</c>.</param>
/// <param name="Extra">Such as the pod that the token is bound to.</param>
/// <param name="Audiences">Those asked for that the token is meant for. A server that ignores audiences returns none.</param>
/// <param name="Error">Why it is not authenticated, for our logs.</param>
public sealed record ReviewedToken(
    bool Authenticated,
    string Username,
    string Uid,
    IReadOnlyList<string> Groups,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Extra,
    IReadOnlyList<string> Audiences,
    string? Error);

public sealed partial class ApiClient
{
    /// <summary>Asks whose <paramref name="token"/> this is (authentication.k8s.io/v1 TokenReview).</summary>
    /// <param name="audiences">It must be meant for one of these.</param>
    public async Task<ReviewedToken> ReviewTokenAsync(string token, IReadOnlyList<string> audiences, CancellationToken stop)
    {
        var review = new TokenReviewBody { Spec = new(token, audiences) };
        var body = JsonSerializer.SerializeToUtf8Bytes(review, ClientJson.Default.TokenReviewBody);
        var answer = await ExchangeAsync(
            new(HttpMethod.Post, "/apis/authentication.k8s.io/v1/tokenreviews", body), ClientJson.Default.TokenReviewBody, stop);
        var status = answer.Status ?? new();
        var user = status.User ?? new();
        return new(status.Authenticated, user.Username ?? "", user.Uid ?? "", user.Groups ?? [],
            user.Extra ?? new Dictionary<string, IReadOnlyList<string>>(), status.Audiences ?? [], status.Error);
    }
}
