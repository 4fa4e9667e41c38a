namespace Ambient.Kubernetes.Resources;

/// <summary>Asks the API server whose token this is.</summary>
public sealed record TokenReview : KubernetesObject
{
    public TokenReviewSpec? Spec { get; init; }

    public TokenReviewStatus? Status { get; init; }
}

public sealed record TokenReviewSpec
{
    /// <summary>A secret: never logged.</summary>
    public string Token { get => field ?? ""; init; }

    public IReadOnlyList<string>? Audiences { get; init; }

    public override string ToString() => $"token for {string.Join(", ", Audiences ?? [])}";
}

public sealed record TokenReviewStatus
{
    public bool Authenticated { get; init; }

    public TokenUser? User { get; init; }

    /// <summary>Those of the asked-for audiences that the token is for.</summary>
    public IReadOnlyList<string>? Audiences { get; init; }

    public string? Error { get; init; }
}

public sealed record TokenUser
{
    /// <summary><c>system:serviceaccount:NAMESPACE:NAME</c> for a service account.</summary>
    public string? Username { get; init; }

    public string? Uid { get; init; }

    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>Such as <c>authentication.kubernetes.io/pod-name</c>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }
}
