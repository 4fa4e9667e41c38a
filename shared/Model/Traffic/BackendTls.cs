using Ambient.Model.Workloads;

namespace Ambient.Model.Traffic;

/// <summary>TLS towards the servers of services, as one object of the user has it: it goes before what destination policies say of TLS. Immutable, equal by content.</summary>
public sealed record BackendTls
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    /// <summary>Who came first decides where several are for the same.</summary>
    public DateTimeOffset Created { get; init; }

    public EquatableArray<TlsTarget> Targets { get; init; }

    /// <summary>Null if there is none that could be used.</summary>
    public ServerTls? Tls { get; init; }

    /// <summary>Why nothing may be sent, which is answered with 503. Empty for a sound one.</summary>
    public string Unusable { get; init; } = "";

    /// <summary>The oldest goes before; names break ties.</summary>
    public static int Compare(BackendTls left, BackendTls right)
    {
        if (left.Created.CompareTo(right.Created) is not 0 and var order) return order;
        return string.CompareOrdinal(left.Namespace, right.Namespace) is not 0 and var byNamespace ? byNamespace : string.CompareOrdinal(left.Name, right.Name);
    }
}

/// <param name="Port">Of the service; 0 for all of which nothing is said by itself.</param>
public readonly record struct TlsTarget(ServiceKey Service, ushort Port);
