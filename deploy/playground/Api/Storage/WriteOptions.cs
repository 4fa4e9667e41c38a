namespace Ambient.Playground.Api.Storage;

public enum FieldValidation { Ignore, Warn, Strict }

/// <summary>How a write is to be done.</summary>
public sealed record WriteOptions
{
    public static readonly WriteOptions Default = new();

    /// <summary>Whom <c>managedFields</c> names as the writer of what changes.</summary>
    public string Owner { get; init; } = "playground";

    /// <summary>Everything is checked and answered, nothing is kept.</summary>
    public bool DryRun { get; init; }

    /// <summary>What happens to fields that the kind does not have; they are never kept.</summary>
    public FieldValidation Validation { get; init; } = FieldValidation.Ignore;

    /// <summary>Empty for the object itself, <c>status</c> for its status alone.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>The version that the document was written in; null for the storage version.</summary>
    public string? Version { get; init; }

    /// <summary>The document's <c>managedFields</c> are complete already: it comes from server-side apply.</summary>
    internal bool OwnershipIsSettled { get; init; }

    /// <summary>For people; sent as Warning headers.</summary>
    public List<string> Warnings { get; init; } = [];
}

public enum Propagation { Background, Foreground, Orphan }

/// <summary>How an object is to be deleted.</summary>
public sealed record DeleteOptions
{
    public static readonly DeleteOptions Default = new();

    public Propagation Propagation { get; init; } = Propagation.Background;

    /// <summary>Seconds for a pod to end; null for what the pod says; 0 removes it at once.</summary>
    public long? GracePeriodSeconds { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    public bool DryRun { get; init; }
}
