using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Client;

public sealed partial class ApiClient
{
    /// <summary>Asks whose <paramref name="token"/> this is.</summary>
    /// <param name="audiences">It must be meant for one of these.</param>
    /// <returns>Not authenticated if the server gave no status. A server that ignores audiences returns none of them.</returns>
    public async Task<TokenReviewStatus> ReviewTokenAsync(string token, IReadOnlyList<string> audiences, CancellationToken stop)
    {
        var review = new TokenReview { Spec = new() { Token = token, Audiences = audiences } };
        var answer = await CreateAsync(ResourceTypes.TokenReview, review, stop);
        return answer.Status ?? new();
    }
}
