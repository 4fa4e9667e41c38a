using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Publishing;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Status;

/// <summary>Statuses of a cluster's objects, as its informers show them.</summary>
internal sealed class ClusterStatus(ApiClient api, ClusterInformers informers) : IStatusTarget
{
    public IReadOnlyList<Condition>? Shown(ResourceKind kind, ObjectName name) => kind.Kind switch
    {
        nameof(AuthorizationPolicy) => Of(informers.AuthorizationPolicies.Find(name), static value => value.Status?.Conditions),
        nameof(DestinationRule) => Of(informers.DestinationRules.Find(name), static value => value.Status?.Conditions),
        nameof(Telemetry) => Of(informers.Telemetries.Find(name), static value => value.Status?.Conditions),
        nameof(VirtualService) => Of(informers.VirtualServices.Find(name), static value => value.Status?.Conditions),
        nameof(PeerAuthentication) => Of(informers.PeerAuthentications.Find(name), static value => value.Status?.Conditions),
        nameof(Service) => Of(informers.Services.Find(name), static value => value.Status?.Conditions),
        nameof(ServiceEntry) => Of(informers.ServiceEntries.Find(name), static value => value.Status?.Conditions),
        nameof(WorkloadEntry) => Of(informers.WorkloadEntries.Find(name), static value => value.Status?.Conditions),
        nameof(RequestAuthentication) => Of(informers.RequestAuthentications.Find(name), static value => value.Status?.Conditions),
        nameof(EnvoyFilter) => Of(informers.EnvoyFilters.Find(name), static value => value.Status?.Conditions),
        nameof(WasmPlugin) => Of(informers.WasmPlugins.Find(name), static value => value.Status?.Conditions),
        nameof(TrafficExtension) => Of(informers.TrafficExtensions.Find(name), static value => value.Status?.Conditions),
        nameof(ProxyConfig) => Of(informers.ProxyConfigs.Find(name), static value => value.Status?.Conditions),
        nameof(Sidecar) => Of(informers.Sidecars.Find(name), static value => value.Status?.Conditions),
        nameof(WorkloadGroup) => Of(informers.WorkloadGroups.Find(name), static value => value.Status?.Conditions),
        _ => null,
    };

    public Task ApplyAsync(ConditionSet wanted, ReadOnlyMemory<byte> json, CancellationToken stop) =>
        api.ApplyStatusAsync(wanted.Kind, wanted.Object, json, wanted.FieldManager, force: true, stop);

    public StatusEntries? FindEntries(ResourceKind kind, ObjectName name) => StatusEntries.Of(kind.Kind switch
    {
        "HTTPRoute" => informers.HttpRoutes.Find(name),
        "GRPCRoute" => informers.GrpcRoutes.Find(name),
        "TCPRoute" => informers.TcpRoutes.Find(name),
        "TLSRoute" => informers.TlsRoutes.Find(name),
        "BackendTLSPolicy" => informers.BackendTlsPolicies.Find(name),
        _ => null,
    });

    public Task PatchAsync(ConditionSet wanted, ReadOnlyMemory<byte> patch, CancellationToken stop) =>
        api.MergePatchStatusAsync(wanted.Kind, wanted.Object, patch, stop);

    /// <summary>Tells <paramref name="writer"/> which objects are gone. Before the informers run.</summary>
    public static void Feed(ClusterInformers informers, StatusWriter writer)
    {
        Forget(informers.AuthorizationPolicies);
        Forget(informers.DestinationRules);
        Forget(informers.Telemetries);
        Forget(informers.VirtualServices);
        Forget(informers.HttpRoutes);
        Forget(informers.GrpcRoutes);
        Forget(informers.TcpRoutes);
        Forget(informers.TlsRoutes);
        Forget(informers.BackendTlsPolicies);
        Forget(informers.PeerAuthentications);
        Forget(informers.Services);
        Forget(informers.ServiceEntries);
        Forget(informers.WorkloadEntries);
        Forget(informers.RequestAuthentications);
        Forget(informers.EnvoyFilters);
        Forget(informers.WasmPlugins);
        Forget(informers.TrafficExtensions);
        Forget(informers.ProxyConfigs);
        Forget(informers.Sidecars);
        Forget(informers.WorkloadGroups);

        void Forget<T>(Kubernetes.Informers.Informer<T> informer) where T : KubernetesObject => informer.AddHandler(change =>
        {
            if (change.New is null) writer.Forget(informer.Type, change.Name);
            return ValueTask.CompletedTask;
        });
    }

    private static IReadOnlyList<Condition>? Of<T>(T? value, Func<T, IReadOnlyList<Condition>?> conditions) where T : KubernetesObject =>
        value is null ? null : conditions(value) ?? [];
}
