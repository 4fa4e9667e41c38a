using Ambient.Model;
using Ambient.Model.Policies;
using Wire = Ambient.Protos.Traffic;

namespace Ambient.Xds.Mapping;

/// <summary>Policies for requests between the model and the wire.</summary>
public static class RequestPolicyMapping
{
    public static Wire.RequestPolicy ToWire(RequestPolicy policy)
    {
        var wire = new Wire.RequestPolicy { Policy = PolicyMapping.ToWire(policy.Policy), IsForAll = policy.IsForAll };
        wire.Services.AddRange(policy.Services.Select(RouteMapping.ToWire));
        wire.Gateways.AddRange(policy.Gateways);
        return wire;
    }

    /// <exception cref="ArgumentException">What it applies to, or which way, is not known; for the NACK.</exception>
    public static RequestPolicy ToModel(Wire.RequestPolicy wire, SharedValues pool) => new(
        PolicyMapping.ToModel(wire.Policy ?? throw new ArgumentException("the policy is empty"), pool, mayTestRequests: true),
        wire.Services.Select(service => RouteMapping.ToModel(service, pool)).ToEquatableArray(),
        TextMapping.Texts(wire.Gateways, pool), wire.IsForAll);
}
