using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Protos.Security;
using Ambient.Protos.Xds;
using Ambient.Xds.Mapping;
using Google.Protobuf;
using WireAddress = Ambient.Protos.Workloads.Address;
using WireTraffic = Ambient.Protos.Traffic.Resource;

namespace Ambient.Xds.Client;

/// <summary>One response, read: what of it is sound, and what is not, by resource.</summary>
internal sealed record DecodedResponse(
    ResourceDelta Mesh, TrafficDelta Traffic, IReadOnlyList<Resource> Accepted, IReadOnlyList<(Resource Resource, string Reason)> Rejected, long PayloadBytes);

/// <summary>Reads responses into the model. One unsound resource does not keep the others of its response out.</summary>
internal sealed class ResponseDecoder
{
    private static readonly MessageParser<WireAddress> Addresses = WireAddress.Parser.WithDiscardUnknownFields(true);
    private static readonly MessageParser<Authorization> Authorizations = Authorization.Parser.WithDiscardUnknownFields(true);
    private static readonly MessageParser<WireTraffic> TrafficResources = WireTraffic.Parser.WithDiscardUnknownFields(true);
    private readonly SharedValues _pool = new();

    /// <param name="typeUrl">One of <see cref="ResourceTypes"/>: addresses, authorizations or traffic.</param>
    /// <param name="isHeld">Whether an older version is in use, which stays; else the delta has <see cref="StandIns"/> for what is rejected.</param>
    public DecodedResponse Decode(string typeUrl, DeltaDiscoveryResponse response, Func<string, bool> isHeld)
    {
        var (isPolicy, isTraffic) = (typeUrl == ResourceTypes.Authorization, typeUrl == ResourceTypes.Traffic);
        var (workloads, services, policies, traffic) = (new List<Workload>(), new List<Service>(), new List<NamedPolicy>(), new List<TrafficResource>());
        var (accepted, rejected) = (new List<Resource>(response.Resources.Count), new List<(Resource, string)>());
        long bytes = 0;
        foreach (var resource in response.Resources)
        {
            bytes += resource.Resource_?.Value.Length ?? 0;
            try
            {
                var payload = PayloadOf(resource, typeUrl);
                if (isPolicy) policies.Add(new(resource.Name, PolicyMapping.ToModel(Authorizations.ParseFrom(payload), _pool)));
                else if (isTraffic) traffic.Add(TrafficMapping.ToModel(resource.Name, TrafficResources.ParseFrom(payload), _pool));
                else Decode(Addresses.ParseFrom(payload), workloads, services);
                accepted.Add(resource);
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidProtocolBufferException)
            {
                rejected.Add((resource, exception.Message));
                if (isHeld(resource.Name)) continue;
                var known = resource.Resource_ is { } any && any.TypeUrl == typeUrl ? any.Value : null;
                if (isTraffic) traffic.AddRange(StandIns.Traffic(resource.Name, known, exception.Message));
                else if (isPolicy) policies.Add(StandIns.Policy(resource.Name, known, exception.Message));
                else if (StandIns.Workload(resource.Name, known, exception.Message) is { } workload) workloads.Add(workload);
                else if (StandIns.Service(resource.Name, known) is { } service) services.Add(service);
            }
        }
        return new(new()
        {
            Workloads = workloads,
            Services = services,
            Policies = policies,
            RemovedAddresses = isPolicy || isTraffic ? [] : response.RemovedResources,
            RemovedPolicies = isPolicy ? response.RemovedResources : [],
        }, new(traffic, isTraffic ? response.RemovedResources : []), accepted, rejected, bytes);
    }

    private static ByteString PayloadOf(Resource resource, string typeUrl)
    {
        if (resource.Resource_ is not { } any) throw new ArgumentException("the resource is empty");
        return any.TypeUrl == typeUrl ? any.Value : throw new ArgumentException($"the resource is of type '{any.TypeUrl}', not '{typeUrl}'");
    }

    private void Decode(WireAddress address, List<Workload> workloads, List<Service> services)
    {
        switch (address.TypeCase)
        {
            case WireAddress.TypeOneofCase.Workload:
                workloads.Add(WorkloadMapping.ToModel(address.Workload, _pool));
                break;
            case WireAddress.TypeOneofCase.Service:
                services.Add(ServiceMapping.ToModel(address.Service, _pool));
                break;
            default:
                throw new ArgumentException("the address is neither a workload nor a service");
        }
    }
}
