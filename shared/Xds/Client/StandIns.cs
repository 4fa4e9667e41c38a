using Ambient.Model;
using Ambient.Model.Addresses;
using Ambient.Model.Policies;
using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Xds.Mapping;
using Google.Protobuf;
using Wire = Ambient.Protos.Security;
using WireWorkloads = Ambient.Protos.Workloads;

namespace Ambient.Xds.Client;

/// <summary>
/// What takes the place of a resource that was rejected and of which no older version is held. It fails closed: a policy refuses, a workload
/// and a service are known but cannot be reached, instead of being taken for something outside of the mesh.
/// </summary>
internal static class StandIns
{
    private const string RequestPolicyKind = "AuthorizationPolicy";

    /// <param name="payload">The message; null if there is none of the right type.</param>
    /// <remarks>A policy of which not even the scope can be read is for the namespace in its name.</remarks>
    public static NamedPolicy Policy(string name, ByteString? payload, string fault)
    {
        var wire = Read(Wire.Authorization.Parser, payload);
        var ns = wire is { Namespace.Length: > 0 } ? wire.Namespace : name.IndexOf('/') is > 0 and var slash ? name[..slash] : "";
        var scope = wire?.Scope is >= Wire.Scope.Global and <= Wire.Scope.WorkloadSelector ? (PolicyScope)wire.Scope : PolicyScope.Namespace;
        return new(name, AuthorizationPolicy.Malformed(ns, name[(name.IndexOf('/') + 1)..], scope, PolicyAction.Deny, fault));
    }

    /// <remarks>
    /// A policy that cannot be read refuses every request, for nobody knows which it is meant for; of TLS, whom it is for is not reached. A route or a destination policy
    /// adds nothing.
    /// </remarks>
    public static IEnumerable<TrafficResource> Traffic(string name, ByteString? payload, string fault)
    {
        if (Read(Protos.Traffic.Resource.Parser, payload)?.BackendTls is { } tls) return [new(name, BackendTlsMapping.Closed(tls, fault))];
        if (name.Split('/') is not [RequestPolicyKind, var ns, var policy]) return [];
        var malformed = AuthorizationPolicy.Malformed(ns, policy, PolicyScope.Global, PolicyAction.Deny, fault);
        return [new(name, new RequestPolicy(malformed, [], [], IsForAll: true))];
    }

    /// <returns>Null if it names no address that could be refused.</returns>
    public static Workload? Workload(string name, ByteString? payload, string fault)
    {
        if (Read(WireWorkloads.Address.Parser, payload)?.Workload is not { } wire) return null;
        var addresses = wire.Addresses.Where(static bytes => bytes.Length is 4 or 16).Select(AddressMapping.ToModel).ToEquatableArray();
        return new() { Uid = name, Name = wire.Name, Addresses = addresses, Network = wire.Network, Protocol = TunnelProtocol.Hbone, Fault = fault };
    }

    /// <inheritdoc cref="Workload"/>
    public static Service? Service(string name, ByteString? payload)
    {
        if (Read(WireWorkloads.Address.Parser, payload)?.Service is not { } wire || !ServiceKey.TryParse(name, out var key)) return null;
        var vips = wire.Addresses.Where(static address => address.Address.Length is 4 or 16)
            .Select(static address => new NetworkAddress(address.Network, AddressMapping.ToModel(address.Address))).ToEquatableArray();
        return new() { Name = wire.Name, Namespace = key.Namespace, Hostname = key.Hostname, Vips = vips }; // without ports nothing leads there
    }

    private static M? Read<M>(MessageParser<M> parser, ByteString? payload) where M : class, IMessage<M>
    {
        try { return payload is null ? null : parser.ParseFrom(payload); }
        catch (InvalidProtocolBufferException) { return null; }
    }
}
