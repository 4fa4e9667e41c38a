using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Informers;

/// <summary>An informer of any kind, as far as running and watching over it goes.</summary>
public interface IInformer
{
    ResourceKind Type { get; }

    /// <summary>True once everything that existed at the start has been handed to the handlers.</summary>
    bool HasSynced { get; }

    /// <summary>Completes when <see cref="HasSynced"/> turns true.</summary>
    Task Synced { get; }

    InformerStatus Status { get; }

    /// <summary>Follows the API until the token fires; never throws otherwise. Called once.</summary>
    Task RunAsync(CancellationToken stop);
}

/// <summary>How an informer is doing. For people.</summary>
/// <param name="Objects">Held now.</param>
/// <param name="Unreadable">There, but not readable: of these the last readable state is held, if there was one.</param>
/// <param name="Lists">Complete lists until now: more than one means that watches had expired.</param>
/// <param name="Watches">Opened until now.</param>
/// <param name="Events">Taken from watches, without bookmarks.</param>
/// <param name="LastError">What went wrong most recently, while it still does; null when all is well.</param>
public sealed record InformerStatus(
    string Kind, bool HasSynced, int Objects, int Unreadable, string ResourceVersion, long Lists, long Watches, long Events, string? LastError);
