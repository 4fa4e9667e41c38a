using Ambient.Model.Workloads;

namespace Ambient.Model.State;

/// <summary>Finds what a workload has in common with what is known, so that it is kept once. Not thread-safe.</summary>
/// <remarks>Pods of one template are in the same services and find each other there; only those in none need to come soon after each other.</remarks>
internal sealed class WorkloadSharing
{
    private const int LookedAt = 8, Generation = 1 << 10, Nodes = 1 << 14;

    private readonly RecentValues<WorkloadTraits> _traits = new(Generation);
    private readonly RecentValues<WorkloadReach> _reaches = new(Generation);
    private readonly RecentValues<WorkloadPlace> _places = new(Nodes);

    /// <param name="traits">Others may read them meanwhile: their content stays as it is.</param>
    public WorkloadTraits Share(WorkloadTraits traits, ServiceTable.Builder services)
    {
        traits.Reach = _reaches.Share(traits.Reach);
        traits.Compact();
        if (FindSibling(traits, services) is { } sibling) return sibling;

        var known = _traits.Share(traits);
        if (known == traits) TakeTexts(traits, services);
        return known;
    }

    public WorkloadPlace Share(WorkloadPlace place) => _places.Share(place);

    /// <summary>The same service, in the very texts of its members.</summary>
    public static Service Share(Service service, ServiceTable.Builder services)
    {
        if (services.MembersOf(service.Key).FirstOrDefault() is not { } member) return service;
        var key = KeyOf(service.Key, services);
        return service with { Namespace = key.Namespace, Hostname = key.Hostname, Name = Either(member.WorkloadName, service.Name) };
    }

    private static WorkloadTraits? FindSibling(WorkloadTraits traits, ServiceTable.Builder services) => traits.Services.IsEmpty
        ? null
        : services.MembersOf(traits.Services[0].Service).Take(LookedAt).Select(static member => member.Traits).FirstOrDefault(traits.Equals);

    private static void TakeTexts(WorkloadTraits traits, ServiceTable.Builder services)
    {
        if (traits.Services.IsEmpty) return;
        if (!traits.Services.All(membership => HasTexts(membership.Service, KeyOf(membership.Service, services))))
            traits.Services = traits.Services.Select(membership => membership with { Service = KeyOf(membership.Service, services) }).ToEquatableArray();
        var name = services.Find(traits.Services[0].Service)?.Name ?? "";
        (traits.WorkloadName, traits.CanonicalName) = (Either(name, traits.WorkloadName), Either(name, traits.CanonicalName));
        traits.Namespace = Either(traits.Services[0].Service.Namespace, traits.Namespace);
    }

    private static ServiceKey KeyOf(ServiceKey key, ServiceTable.Builder services) =>
        services.Find(key)?.Key ?? services.MembersOf(key).FirstOrDefault()?.MembershipIn(key)?.Service ?? key;

    private static bool HasTexts(ServiceKey key, ServiceKey known) => ReferenceEquals(key.Namespace, known.Namespace) && ReferenceEquals(key.Hostname, known.Hostname);

    private static string Either(string known, string text) => known == text ? known : text;
}
