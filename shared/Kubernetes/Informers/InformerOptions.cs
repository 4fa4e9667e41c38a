using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Informers;

/// <summary>What an informer follows, and how patiently.</summary>
public sealed record InformerOptions<T> where T : KubernetesObject
{
    /// <summary>Default: all objects of the kind.</summary>
    public ObjectQuery Query { get; init; } = new();

    /// <summary>A cluster that does not know the kind counts as having no objects of it, instead of as an error.</summary>
    /// <remarks>For kinds that come with a CRD which may be installed later, or removed.</remarks>
    public bool KindMayBeMissing { get; init; }

    /// <summary>How soon a kind that was missing is looked for again. Default 5 s.</summary>
    public TimeSpan MissingKindPoll { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Applied to each object before it is stored: drops what nobody reads. Must keep name, uid and resource version.</summary>
    public Func<T, T>? Trim { get; init; }

    /// <summary>Makes an object that takes the place of one that cannot be read. Default: the last readable state stays, or none.</summary>
    /// <remarks>For kinds where neither may be mistaken for what the user wants now, such as policies.</remarks>
    public Func<UnreadableObject, T>? StandIn { get; init; }

    /// <summary>Least time after which the API server ends a watch; the longest is twice that. Default 5 min.</summary>
    public TimeSpan WatchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Wait after the first failure in a row; doubles up to <see cref="LongestRetry"/>, with jitter. Default 0.8 s.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(0.8);

    /// <summary>Default 30 s.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Objects asked for at once; default 500.</summary>
    public int PageSize { get; init; } = 500;
}

/// <param name="Metadata">As far as it is known: name, version, and the uid of what was held before.</param>
public sealed record UnreadableObject(ObjectMeta Metadata, string Error);
