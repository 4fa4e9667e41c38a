using Ambient.Model.Workloads;

namespace Ambient.Model.Traffic;

/// <summary>How requests to some services are spread and limited: one object of the user. Immutable, equal by content.</summary>
public sealed record DestinationPolicy
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    /// <summary>The services it is for: where several would be, the control plane has chosen.</summary>
    public EquatableArray<ServiceKey> Services { get; init; }

    public TrafficPolicy Policy { get; init; } = TrafficPolicy.Default;

    /// <summary>Takes the place of <see cref="Policy"/> for those ports.</summary>
    public EquatableArray<PortPolicy> Ports { get; init; }

    public EquatableArray<Subset> Subsets { get; init; }

    public Subset? Find(string subset)
    {
        foreach (var known in Subsets)
            if (known.Name == subset) return known;
        return null;
    }

    /// <param name="subset">Null for all endpoints.</param>
    public TrafficPolicy PolicyFor(ushort port, Subset? subset)
    {
        foreach (var own in subset?.Ports ?? default)
            if (own.Port == port) return own.Policy;
        if (subset?.Policy is { } wanted) return wanted;
        foreach (var own in Ports)
            if (own.Port == port) return own.Policy;
        return Policy;
    }
}

/// <param name="Policy">Whole: nothing is inherited from the service's.</param>
public sealed record PortPolicy(ushort Port, TrafficPolicy Policy);

/// <summary>Some of a service's endpoints, under a name.</summary>
/// <param name="Workloads">Their uids, sorted.</param>
/// <param name="Policy">What it says and what it inherits, put together; null if it says nothing.</param>
/// <param name="Ports">As for <see cref="DestinationPolicy.Ports"/>, where the subset says something of its own.</param>
public sealed record Subset(string Name, EquatableArray<string> Workloads, TrafficPolicy? Policy, EquatableArray<PortPolicy> Ports);
