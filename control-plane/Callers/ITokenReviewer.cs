using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Callers;

/// <summary>The API server's judgement of a token.</summary>
internal interface ITokenReviewer
{
    /// <exception cref="Exception">The API server could not be asked: says nothing about the token.</exception>
    Task<TokenReviewStatus> ReviewAsync(string token, IReadOnlyList<string> audiences, CancellationToken stop);
}
