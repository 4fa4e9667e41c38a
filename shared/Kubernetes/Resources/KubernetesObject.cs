namespace Ambient.Kubernetes.Resources;

/// <summary>What every object of the Kubernetes API has. Objects are immutable; of each kind only the fields that we read or write.</summary>
/// <remarks>Defaults stand in the getters: generated JSON code sets every <c>init</c> property, absent ones to null.</remarks>
public abstract record KubernetesObject
{
    /// <summary><c>group/version</c>, or the version alone for the core group. Set on what we send; lists leave it out.</summary>
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public ObjectMeta Metadata { get => field ?? ObjectMeta.Empty; init; }
}
